//! Starting the sandbox: errors name the wrong setting or the taken port.

use sandbox::{Options, Sandbox};
use tests::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_option_stops_the_start_and_is_named() {
    for (approvers, quorum, words) in [
        ("", "1", "default.approvers"),
        ("nobody@", "1", "default.approvers[0]"),
        ("a@example.com", "2", "default.quorum"),
        ("a@example.com", "none", "invalid --approvers or --quorum"),
    ] {
        let options = Options { port: 0, approvers: approvers.into(), quorum: quorum.into(), ..Options::default() };
        let error = Sandbox::start(options).await.err().expect("it must not start").to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let world = World::new().await;
    let port: u16 = world.sandbox().url().rsplit(':').next().unwrap().parse().unwrap();
    let error =
        Sandbox::start(Options { port, ..Options::default() }).await.err().expect("it must not start").to_string();
    assert!(error.contains(&port.to_string()) && error.contains("--port 0"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_sandbox_has_a_pending_approval_its_emails_and_the_pages() {
    let sandbox = Sandbox::start(Options { port: 0, ..Options::default() }).await.unwrap();
    let page = async |path: &str| reqwest::get(format!("{}{path}", sandbox.url())).await.unwrap().text().await.unwrap();
    assert!(page("/").await.contains("Waiting for a decision"));
    assert!(page("/mailbox").await.contains("Approval needed: payments-api / Production / Approve"));
    assert!(page("/mailbox/1").await.contains("<iframe"));
    assert!(page("/mailbox/1/html").await.contains("<base target=\"_blank\">"));
    assert!(page("/mailbox/1/raw").await.starts_with("Message-ID: "));
    let listed: serde_json::Value = serde_json::from_str(&page("/mailbox.json").await).unwrap();
    let fields = |mail: &sandbox::aws::ses::Mail| {
        serde_json::json!({
            "id": mail.id, "to": mail.to, "from": mail.from, "subject": mail.subject,
            "date": mail.date, "text": mail.text, "html": mail.html, "raw": mail.raw,
        })
    };
    let mails = sandbox.aws().ses.mails();
    assert_eq!(mails.len(), 2, "one to each approver");
    assert_eq!(listed, mails.iter().map(fields).collect::<serde_json::Value>());
}
