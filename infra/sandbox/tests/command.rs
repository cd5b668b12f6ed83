//! The command `sandbox`: its output, its errors, and what it makes of the environment.
#![expect(clippy::unwrap_used, reason = "a helper may end a test")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

fn sandbox() -> Command {
    Command::new(env!("CARGO_BIN_EXE_sandbox"))
}

#[test]
fn it_prints_its_address_whatever_the_environment_says_of_proxies_and_endpoints() {
    let mut child = sandbox()
        .args(["--port", "0"])
        .envs([("HTTP_PROXY", "http://127.0.0.1:9"), ("http_proxy", "http://127.0.0.1:9")])
        .envs([("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true"), ("AWS_REGION", "mars-1")])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(first.starts_with("Countersign sandbox: http://127.0.0.1:"), "{first:?}");
}

#[test]
fn a_wrong_option_is_named() {
    for (arguments, words) in [
        (vec!["--prot", "1"], "unexpected argument '--prot'"),
        (vec!["--port", "many"], "invalid value 'many' for '--port <NUMBER>': expected a number from 0 to 65535"),
        (vec!["--port"], "a value is required for '--port <NUMBER>'"),
        (vec!["extra"], "'extra'"),
    ] {
        let output = sandbox().args(&arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(error.contains(words) && error.contains("--help"), "{arguments:?}: {error}");
    }
    let output = sandbox().args(["--port", "0", "--approvers", "nobody"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("default.approvers[0]"));
}

#[test]
fn help_is_no_error() {
    let output = sandbox().arg("--help").output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("--port <NUMBER>"));
}

#[test]
fn it_is_called_by_the_name_that_it_has() {
    for (name, arguments, code, words) in [
        (
            "sandbox",
            vec!["--help"],
            0,
            "Usage: cargo run -p sandbox -- [OPTIONS]\n       cargo run -p sandbox -- <COMMAND>",
        ),
        (
            "countersign-sandbox",
            vec!["--help"],
            0,
            "Usage: countersign-sandbox [OPTIONS]\n       countersign-sandbox <COMMAND>",
        ),
        ("countersign-sandbox", vec!["policy", "check"], 2, "Usage: countersign-sandbox policy check <FILE>"),
        ("countersign-sandbox", vec!["policy", "check", "no-such.toml"], 2, "no-such.toml cannot be read"),
        ("countersign", vec!["--help"], 0, "Usage: countersign <COMMAND>"),
        ("countersign", vec![], 2, "Usage: countersign <COMMAND>"),
        ("countersign", vec!["--port", "0"], 2, "unexpected argument '--port' found\n\nUsage: countersign <COMMAND>"),
        (
            "countersign",
            vec!["verify", "--help"],
            0,
            "Usage: countersign verify [OPTIONS] --request-key <FINGERPRINT> <FILE>",
        ),
        (
            "countersign",
            vec!["policy", "explain"],
            2,
            "Usage: countersign policy explain <FILE> <PIPELINE> <STAGE> <ACTION>",
        ),
        ("countersign", vec!["policy", "check", "no-such.toml"], 2, "no-such.toml cannot be read"),
    ] {
        let output = sandbox().arg0(format!("/usr/local/bin/{name}")).args(&arguments).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(code), "{name} {arguments:?}: {said}");
        assert!(said.contains(words), "{name} {arguments:?}: {said}");
    }
}

/// Runs the command with `input` at its standard input: exit code, output, errors.
fn run(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut child =
        sandbox().args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read it may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const POLICY: &str = r#"
[groups]
platform = ["Ada Lovelace <ada@example.com>", "ben@example.com"]

[[person]]
address = "ben@example.com"
principals = ["arn:aws:iam::123456789012:user/brook"]

[[person]]
address = "Dora <dora@example.com>"
time_zone = "America/New_York"

[[route]]
name = "production"
region = "eu-*"
pipeline = "payments-*"
stage = "Production"
approvers = ["platform", "Dora <dora@example.com>"]
quorum = 2
remind = ["4h", "24h"]
expires = "3d"
reason_required = true
initiator_may_approve = false
time_zone = "Europe/Berlin"
reply_to = "releases@example.com"
copy = ["auditors@example.com"]

[[route]]
stage = "Test*"
approvers = ["ben@example.com"]
"#;

#[test]
fn a_valid_policy_is_summed_up() {
    let (code, output, errors) = run(&["policy", "check", "-"], POLICY);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert_eq!(
        output,
        "<stdin> is valid.\n  \
           production: 2 of 3 must approve\n  \
           route 2: 1 of 1 must approve\n  \
           There is no [default]: an approval that no route matches is an error.\n"
    );
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policies/small-team.toml");
    let (code, output, _) = run(&["policy", "check", file], "");
    assert_eq!(
        (code, output),
        (Some(0), format!("{file} is valid.\n  route 1: 1 of 2 must approve\n  default: 1 of 3 must approve\n"))
    );
}

#[test]
fn a_wrong_policy_is_shown_where_it_is_wrong() {
    let (code, output, errors) = run(&["policy", "check", "-"], &POLICY.replace("quorum = 2", "\tquorum =  4 # all"));
    assert_eq!((code, output.as_str()), (Some(1), ""));
    assert_eq!(
        errors,
        "<stdin>:19:12: route 1.quorum: quorum is 4, but only 3 distinct approvers are listed\n    \
           \tquorum =  4 # all\n    \
           \t          ^\n"
    );
    let (code, _, errors) =
        run(&["policy", "check", "-"], "[default]\napprovers = [\"Zoë\u{1b} <z@example.com>\", \"b\"]");
    assert_eq!(code, Some(1));
    assert!(errors.starts_with("<stdin>:2:18: policy: not TOML") && !errors.contains('\u{1b}'), "{errors:?}");
    let (code, _, errors) = run(&["policy", "check", "-"], "");
    assert_eq!(code, Some(1));
    assert!(errors.starts_with("<stdin>:1:1: policy: has no [[route]] and no [default]"), "{errors}");
}

#[test]
fn what_a_policy_may_not_mean_is_a_warning() {
    let text = "[[route]]\nstage = \"Production\"\napprovers = [\"A <a@example.com>\"]\n\
                [[route]]\nstage = \"production\"\napprovers = [\"a@example.com\"]\n";
    let (code, output, errors) = run(&["policy", "check", "-"], text);
    assert_eq!(code, Some(0));
    assert!(output.ends_with("  Warnings, which do not make it invalid: 1\n"), "{output}");
    assert_eq!(
        errors,
        "<stdin>:4:1: route 2: warning: also matches names that route 1 misses only by capitals and small letters\n    \
           [[route]]\n    \
           ^\n"
    );
}

#[test]
fn a_route_that_is_never_reached_and_two_tags_of_one_mailbox_are_errors() {
    let routes = "[[route]]\nstage = \"Prod*\"\napprovers = [\"a@example.com\"]\n\
                  [[route]]\nstage = \"Production\"\napprovers = [\"a@example.com\", \"b@example.com\"]\nquorum = 2\n";
    let tags = "[default]\napprovers = [\"ada+one@example.com\", \"ada+two@example.com\"]\nquorum = 2\n";
    for (text, error) in [
        (routes, "<stdin>:4:1: route 2: never reached: route 1 comes first and matches everything"),
        (tags, "<stdin>:2:37: default.approvers[1]: differs from an earlier approver only"),
    ] {
        let (code, output, errors) = run(&["policy", "check", "-"], text);
        assert_eq!((code, output.as_str()), (Some(1), ""));
        assert!(errors.starts_with(error), "{errors}");
    }
}

#[test]
fn aliases_of_earlier_versions_are_an_error_that_says_what_to_write() {
    let (code, output, errors) = run(&["policy", "check", "-"], "[aliases]\nada = \"ada@example.com\"\n");
    assert_eq!((code, output.as_str()), (Some(1), ""));
    assert!(errors.starts_with("<stdin>:1:1: aliases: aliases are no longer read"), "{errors}");
    assert!(errors.contains("write one [[person]] each, with address"), "{errors}");
}

#[test]
fn a_policy_explains_what_an_initiator_means() {
    let place = ["policy", "explain", "-", "payments-api", "Production", "Approve", "--region", "eu-central-1"];
    let by = |initiator: &str| {
        let more = ["--account", "123456789012", "--initiator", initiator];
        let (code, output, errors) = run(&[&place[..], &more].concat(), POLICY);
        assert_eq!(errors, "");
        (code, output.lines().last().unwrap().to_owned())
    };
    let user = |name: &str| format!("arn:aws:iam::123456789012:user/{name}");
    for (initiator, code, answer) in [
        (user("ada"), 0, "is Ada Lovelace <ada@example.com>, who may reject, but not approve."),
        (user("brook"), 0, "is ben@example.com, who may reject, but not approve."),
        (
            "arn:aws:sts::123456789012:assumed-role/Release/ben".to_owned(),
            1,
            "is not recognised as any person: nobody is asked, and the notifier reports an error.",
        ),
    ] {
        assert_eq!(by(&initiator), (Some(code), format!("{initiator} {answer}")));
    }
    let (code, _, errors) = run(&[&place[..], &["--initiator", &user("ada")]].concat(), POLICY);
    assert_eq!(code, Some(2));
    assert!(errors.contains("--account"), "{errors}");
    let test = ["policy", "explain", "-", "web", "Test", "Approve", "--account", "123456789012", "--initiator"];
    for (initiator, answer) in [
        (user("brook"), "is ben@example.com, who may approve."),
        (user("ada"), "is ada@example.com, who is no approver here."),
        (user("x"), "is not recognised as any person. Emails and pages say that it may be an approver."),
    ] {
        let (code, output, _) = run(&[&test[..], &[&initiator]].concat(), POLICY);
        assert_eq!(code, Some(0));
        assert!(output.ends_with(&format!("{initiator} {answer}\n")), "{output}");
    }
}

#[test]
fn a_name_that_a_route_misses_only_by_its_case_is_explained() {
    let text = format!("{POLICY}\n[default]\napprovers = [\"ben@example.com\"]\n");
    let place = ["policy", "explain", "-", "payments-api", "production", "Approve"];
    let (code, output, _) = run(&[&place[..], &["--region", "eu-central-1"]].concat(), &text);
    assert_eq!(code, Some(1));
    assert!(
        output.ends_with(
            "  production does not match: stage is Production only if case does not matter\n  \
             route 2 does not match: stage is not Test*\n\n\
             production would match if capitals and small letters were the same: nobody is asked, and the notifier \
             reports an error.\n"
        ),
        "{output}"
    );
    let (code, _, errors) = run(&place, &text);
    assert_eq!((code, errors.as_str()), (Some(2), "Say which region.\n"));
    let (code, output, _) = run(&["policy", "explain", "-", "web", "production", "Approve"], &text);
    assert_eq!(code, Some(0), "{output}");
}

#[test]
fn a_policy_explains_whom_it_asks() {
    let place = ["policy", "explain", "-", "payments-api", "Production", "Approve", "--region", "eu-central-1"];
    let (code, output, errors) = run(&place, POLICY);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert_eq!(
        output,
        "region eu-central-1, pipeline payments-api, stage Production, action Approve:\n\n  \
           production matches\n\n  \
           approvers      Ada Lovelace <ada@example.com>, in platform\n                 \
                          ben@example.com, in platform\n                 \
                          Dora <dora@example.com>\n  \
           quorum         2 of 3\n  \
           reminders      24 hours, 4 hours before the links expire, to those who have not voted\n  \
           links expire   3 days after the approvers are asked, or when CodePipeline stops waiting, if that is earlier\n  \
           a rejection    needs a comment\n  \
           the initiator  may not approve\n  \
           language       en\n  \
           time zone      Europe/Berlin\n                 \
                          America/New_York for Dora <dora@example.com>\n  \
           replies go to  releases@example.com\n  \
           copies go to   auditors@example.com\n"
    );
    let (code, output, _) = run(&["policy", "explain", "-", "web", "Test-2", "Approve"], POLICY);
    assert_eq!(code, Some(0));
    for line in [
        "  production does not match: pipeline is not payments-*, stage is not Production\n  route 2 matches\n",
        "  reminders      none\n  links expire   when CodePipeline stops waiting\n",
        "  a rejection    does not need a comment\n  the initiator  may approve\n",
        "  language       en\n  time zone      UTC\n",
        "  replies go to  the deployment's ReplyTo, or else its sender\n  copies go to   nobody\n",
    ] {
        assert!(output.contains(line), "{output}");
    }
}

#[test]
fn a_policy_that_asks_nobody_says_so() {
    let (code, output, _) = run(&["policy", "explain", "-", "web", "Production", "Approve"], POLICY);
    assert_eq!(code, Some(1));
    assert!(output.contains("  route 2 does not match: stage is not Test*\n\nNo route matches, and there"), "{output}");
    let place = ["policy", "explain", "-", "payments-api", "Production", "Approve"];
    let (code, _, _) = run(&[&place[..], &["--region", "us-east-2"]].concat(), POLICY);
    assert_eq!(code, Some(1));
    let (code, output, errors) = run(&place, POLICY);
    assert_eq!(code, Some(2), "nobody can know");
    assert!(output.ends_with("  production may match: that depends on the region\n"), "{output}");
    assert_eq!(errors, "Say which region.\n");
}

#[test]
fn a_policy_command_that_cannot_be_done_is_an_error() {
    for (arguments, words) in [
        (vec!["policy"], "check"),
        (vec!["policy", "chekc", "-"], "unrecognized subcommand 'chekc'"),
        (vec!["policy", "check"], "<FILE>"),
        (vec!["policy", "check", "-", "--region", "eu-central-1"], "unexpected argument '--region'"),
        (vec!["policy", "explain", "-", "web", "Test"], "<ACTION>"),
        (vec!["policy", "explain", "-", "web app", "Test", "Approve"], "the pipeline name is not made of"),
        (vec!["policy", "explain", "-", "web", "Test", "Approve", "--account", "1"], "the account is not 12 digits"),
        (vec!["policy", "check", "-", "--port", "1"], "unexpected argument '--port'"),
        (vec!["--policy", "no-such.toml", "--quorum", "1"], "cannot be used with '--quorum <NUMBER>'"),
        (vec!["--approvers", "a@example.com", "--policy", "no-such.toml"], "cannot be used with"),
    ] {
        let (code, _, errors) = run(&arguments, POLICY);
        assert_eq!(code, Some(2), "{arguments:?}");
        assert!(errors.contains(words) && errors.contains("--help"), "{arguments:?}: {errors}");
    }
    for arguments in [
        vec!["policy", "check", "no-such.toml"],
        vec!["policy", "explain", "no-such.toml", "web", "Test", "Approve"],
        vec!["--policy", "no-such.toml"],
    ] {
        let (code, _, errors) = run(&arguments, "");
        assert_eq!(code, Some(2), "{arguments:?}");
        assert!(errors.starts_with("no-such.toml cannot be read: "), "{arguments:?}: {errors}");
    }
    let (code, _, errors) = run(&["--port", "0", "--policy", "-"], "[[route]]\n");
    assert_eq!((code, errors.starts_with("<stdin>:1:1: route 1.approvers: is missing")), (Some(1), true), "{errors}");
}

const README: &str = include_str!("../../../README.md");

/// The first indented block of the README below a heading, without its indentation.
fn printed(heading: &str) -> String {
    let (_, section) = README.split_once(&format!("\n{heading}\n")).unwrap_or(("", README));
    let indented = |line: &&str| line.is_empty() || line.starts_with("    ");
    let lines = section.lines().skip_while(|line| !line.starts_with("    ")).take_while(indented);
    lines.map(|line| line.strip_prefix("    ").unwrap_or_default()).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

// tests/docs/printed.py: the sandbox.
#[test]
fn the_first_command_of_the_readme_starts_it_where_the_readme_says() {
    assert_eq!(printed("# Countersign"), format!("cargo run -p {}", env!("CARGO_PKG_NAME")));
    let output = sandbox().arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let port = help.lines().find(|line| line.contains("--port")).unwrap().split("default: ").nth(1).unwrap();
    assert!(README.contains(&format!("Open http://127.0.0.1:{}.", port.trim_end_matches(']'))), "{port}");
}

// tests/docs/printed.py: the README's policy.
#[test]
fn the_policy_of_the_readme_asks_whom_the_readme_says() {
    let policy = printed("## Policy");
    assert_eq!(
        run(&["policy", "check", "-"], &policy),
        (
            Some(0),
            "<stdin> is valid.\n  route 1: 1 of 2 must approve\n  default: 1 of 3 must approve\n".to_owned(),
            String::new(),
        )
    );
}

const EVIDENCE: &str = include_str!("../../../shared/tests/golden/evidence-decided.json");
const FINGERPRINTS: &str = include_str!("../../../shared/tests/golden/evidence-decided-keys.txt");

#[test]
fn evidence_is_verified_offline() {
    let keys: Vec<&str> = FINGERPRINTS.lines().collect();
    let arguments = ["verify", "-", "--request-key", keys[0], "--vote-key", keys[1]];
    let (code, output, error) = run(&arguments, EVIDENCE);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert!(output.starts_with("The evidence holds. The deployment sandbox made it.\n"), "{output}");
    assert!(output.contains("These votes decided it"), "{output}");
    // More keys than made it, in a list: those of a deployment with several.
    let both = keys.join(",");
    assert_eq!(run(&["verify", "-", "--request-key", &both, "--vote-key", &both], EVIDENCE).0, Some(0));
}

#[test]
fn evidence_that_does_not_hold_is_refused_with_the_part() {
    let keys: Vec<&str> = FINGERPRINTS.lines().collect();
    let good = ["verify", "-", "--request-key", keys[0], "--vote-key", keys[1]];
    let only_votes = ["verify", "-", "--request-key", keys[1], "--vote-key", keys[1]];
    for (arguments, input, code, words) in [
        (
            &good,
            EVIDENCE.replace("\"version\":1", "\"version\":2"),
            1,
            "<stdin> proves nothing: version: this program reads",
        ),
        (&good, EVIDENCE.replace("\"seal\"", "\"sale\""), 1, "unknown field `sale`"),
        (&good, "{}".to_owned(), 1, "this is not evidence"),
        (&only_votes, EVIDENCE.to_owned(), 1, "request key 1: its fingerprint"),
        (&["verify", "-", "--request-key", "a", "--vote-key", "b"], String::new(), 2, "64 hexadecimal digits"),
        (
            &["verify", "no-such-file", "--request-key", keys[0], "--vote-key", keys[1]],
            String::new(),
            2,
            "cannot be read",
        ),
    ] {
        let (exit, output, error) = run(arguments, &input);
        assert_eq!((exit, output.as_str()), (Some(code), ""), "{error}");
        assert!(error.contains(words), "{error}");
    }
}
