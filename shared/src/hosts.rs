//! The hosts of repositories, and their own pages for commits and comparisons.
//!
//! CodePipeline links a revision that came through a connection to a page of the AWS console, which sends on whoever is
//! signed in there. An approver is not. The link names the repository and the commit, and the revision its provider, so the
//! repository's own address can be made from them.

use url::Url;

use crate::approval::{ReviewLink, WebUrl};

/// Where repositories are that their organisations host themselves. The policy's `[hosts]` says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    /// The address of GitHub Enterprise Server.
    pub github_enterprise_server: Option<WebUrl>,
    /// The address of GitLab.
    pub gitlab_self_managed: Option<WebUrl>,
}

/// A repository behind a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryId {
    provider: Provider,
    /// `owner/name`; on GitLab, groups may have groups.
    name: String,
}

/// The providers that connections have.
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provider {
    GitHub,
    Bitbucket,
    GitLab,
    GitHubEnterpriseServer,
    GitLabSelfManaged,
}

impl Provider {
    const ALL: [Self; 5] =
        [Self::GitHub, Self::Bitbucket, Self::GitLab, Self::GitHubEnterpriseServer, Self::GitLabSelfManaged];

    /// As a revision's summary has it.
    fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::Bitbucket => "Bitbucket",
            Self::GitLab => "GitLab",
            Self::GitHubEnterpriseServer => "GitHubEnterpriseServer",
            Self::GitLabSelfManaged => "GitLabSelfManaged",
        }
    }
}

impl RepositoryId {
    /// The repository of a revision, by the provider in its summary and the console's address for it. `None` where that
    /// address is another one, or names another revision.
    #[must_use]
    pub fn of(provider: &str, link: &ReviewLink, revision: &str) -> Option<Self> {
        let ReviewLink::Url(url) = link else { return None };
        let url = Url::parse(url.as_str()).ok()?;
        let host = url.host_str().filter(|_| url.scheme() == "https")?;
        let is_console = [".console.aws.amazon.com", ".console.amazonaws-us-gov.com", ".console.amazonaws.cn"]
            .into_iter()
            .any(|console| host.ends_with(console));
        if !is_console || url.path() != "/codesuite/settings/connections/redirect" {
            return None;
        }
        let only = |key: &str| {
            let mut values = url.query_pairs().filter(|(name, _)| name == key).map(|(_, value)| value.into_owned());
            values.next().filter(|_| values.next().is_none())
        };
        let name = only("FullRepositoryId")?;
        (only("Commit")? == revision).then_some(())?;
        Self::new(provider, name)
    }

    /// A repository of this provider and name.
    #[must_use]
    pub fn new(provider: &str, name: String) -> Option<Self> {
        let provider = Provider::ALL.into_iter().find(|known| known.as_str() == provider)?;
        let segments: Vec<&str> = name.split('/').collect();
        let is_segment = |segment: &&str| {
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
            (1..=100).contains(&segment.len()) && !matches!(*segment, "." | "..") && segment.bytes().all(is_plain)
        };
        let has_groups = matches!(provider, Provider::GitLab | Provider::GitLabSelfManaged);
        let most = if has_groups { 21 } else { 2 };
        ((2..=most).contains(&segments.len()) && segments.iter().all(is_segment)).then_some(())?;
        Some(Self { provider, name })
    }

    /// Its name at its host.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a comparison shows what is taken away, too: all of a rollback.
    #[must_use]
    pub fn compares_both_ways(&self) -> bool {
        self.provider != Provider::Bitbucket
    }

    /// The provider's name, as CodePipeline writes it.
    #[must_use]
    pub fn provider(&self) -> &'static str {
        self.provider.as_str()
    }
}

impl Hosts {
    /// The commit's own page, if the host is known.
    #[must_use]
    pub fn commit(&self, repository: &RepositoryId, commit: &str) -> Option<WebUrl> {
        let page = match repository.provider {
            Provider::GitHub | Provider::GitHubEnterpriseServer => "commit",
            Provider::Bitbucket => "commits",
            Provider::GitLab | Provider::GitLabSelfManaged => "-/commit",
        };
        self.page(repository, page, commit).filter(|_| is_commit(commit))
    }

    /// The page that compares two commits with each other, so that it shows what is taken away, too. GitHub and GitLab would
    /// compare with what both have in common otherwise, as Bitbucket always does.
    /// <https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/proposing-changes-to-your-work-with-pull-requests/about-comparing-branches-in-pull-requests#three-dot-and-two-dot-git-diff-comparisons>
    #[must_use]
    pub fn comparison(&self, repository: &RepositoryId, from: &str, to: &str) -> Option<WebUrl> {
        let (page, range) = match repository.provider {
            Provider::GitHub | Provider::GitHubEnterpriseServer => ("compare", format!("{from}..{to}")),
            Provider::Bitbucket => ("branches/compare", format!("{to}%0D{from}")),
            Provider::GitLab | Provider::GitLabSelfManaged => ("-/compare", format!("{from}...{to}?straight=true")),
        };
        self.page(repository, page, &range).filter(|_| is_commit(from) && is_commit(to))
    }

    fn page(&self, repository: &RepositoryId, page: &str, end: &str) -> Option<WebUrl> {
        let host = match repository.provider {
            Provider::GitHub => "https://github.com",
            Provider::Bitbucket => "https://bitbucket.org",
            Provider::GitLab => "https://gitlab.com",
            Provider::GitHubEnterpriseServer => self.github_enterprise_server.as_ref()?.as_str(),
            Provider::GitLabSelfManaged => self.gitlab_self_managed.as_ref()?.as_str(),
        };
        format!("{}/{}/{page}/{end}", host.trim_end_matches('/'), repository.name).parse().ok()
    }
}

/// Whether a revision is the id of a commit: SHA-1 or SHA-256 in hexadecimal, or the beginning of one.
fn is_commit(revision: &str) -> bool {
    (7..=64).contains(&revision.len()) && revision.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "18e57819e68813fc585368ebd8163ad5e2a3163e";
    const OLD: &str = "afd432bc775c1a24c17b421187950a3af15db703";

    fn console(repository: &str, commit: &str) -> String {
        let arn = "arn:aws:codestar-connections:eu-west-1:123456789012:connection/0defde9e-8b96-474b-b276-459c07f5fafd";
        format!(
            "https://eu-west-1.console.aws.amazon.com/codesuite/settings/connections/redirect?connectionArn={arn}\
             &referenceType=COMMIT&FullRepositoryId={repository}&Commit={commit}"
        )
    }

    fn of(provider: &str, url: &str) -> Option<RepositoryId> {
        RepositoryId::of(provider, &ReviewLink::parse_lenient(url).unwrap(), SHA)
    }

    #[test]
    fn each_host_has_its_own_pages() {
        let hosts = Hosts {
            github_enterprise_server: "https://git.acme.example".parse().ok(),
            gitlab_self_managed: "https://code.acme.example/gitlab/".parse().ok(),
        };
        for (provider, name, commit, comparison) in [
            ("GitHub", "acme/shop", "github.com/acme/shop/commit/NEW", "github.com/acme/shop/compare/OLD..NEW"),
            (
                "Bitbucket",
                "project/meerkat",
                "bitbucket.org/project/meerkat/commits/NEW",
                "bitbucket.org/project/meerkat/branches/compare/NEW%0DOLD",
            ),
            (
                "GitLab",
                "acme/web/shop",
                "gitlab.com/acme/web/shop/-/commit/NEW",
                "gitlab.com/acme/web/shop/-/compare/OLD...NEW?straight=true",
            ),
            (
                "GitHubEnterpriseServer",
                "acme/shop",
                "git.acme.example/acme/shop/commit/NEW",
                "git.acme.example/acme/shop/compare/OLD..NEW",
            ),
            (
                "GitLabSelfManaged",
                "acme/shop",
                "code.acme.example/gitlab/acme/shop/-/commit/NEW",
                "code.acme.example/gitlab/acme/shop/-/compare/OLD...NEW?straight=true",
            ),
        ] {
            let repository = of(provider, &console(name, SHA)).unwrap();
            let expected = |page: &str| Some(format!("https://{}", page.replace("NEW", SHA).replace("OLD", OLD)));
            let shown = |url: Option<WebUrl>| url.map(|url| url.as_str().to_owned());
            assert_eq!(repository.name(), name);
            assert_eq!(shown(hosts.commit(&repository, SHA)), expected(commit));
            assert_eq!(shown(hosts.comparison(&repository, OLD, SHA)), expected(comparison));
            let is_known = !matches!(provider, "GitHubEnterpriseServer" | "GitLabSelfManaged");
            assert_eq!(Hosts::default().commit(&repository, SHA).is_some(), is_known, "{provider}");
        }
    }

    #[test]
    fn nothing_leads_elsewhere_than_to_the_repository_of_this_commit() {
        let good = console("acme/shop", SHA);
        for url in [
            good.replace("eu-west-1.console.aws.amazon.com", "console.aws.amazon.com.evil.example"),
            good.replace("https://eu-west-1.console.aws.amazon.com", "https://evil.example"),
            good.replace("https:", "http:"),
            good.replace("connections/redirect", "connections/redirect/x"),
            console("acme/shop", OLD),
            format!("{good}&FullRepositoryId=evil/shop"),
            format!("{good}&Commit={SHA}"),
            good.replace("&Commit=", "&commit="),
        ] {
            assert_eq!(of("GitHub", &url), None, "{url}");
        }
        for name in
            ["shop", "acme/", "/shop", "acme/..", "acme/shop/x", "acme%2Fshop%2Fx", "a%40b/c", "a/b%3Fc", "a/b%23"]
        {
            assert_eq!(of("GitHub", &console(name, SHA)), None, "{name}");
        }
        assert_eq!(of("CodeCommit", &good), None);
        assert_eq!(of("", &good), None);
        let repository = of("GitHub", &good).unwrap();
        for commit in ["", "main", "18e578", "../../evil", "18E57819E68813FC585368EBD8163AD5E2A3163E"] {
            assert_eq!(Hosts::default().commit(&repository, commit), None, "{commit}");
            assert_eq!(Hosts::default().comparison(&repository, commit, SHA), None, "{commit}");
        }
    }
}
