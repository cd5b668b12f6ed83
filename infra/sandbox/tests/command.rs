//! The command `sandbox`: its output, its errors, and what it makes of the environment.

use std::io::{BufRead, BufReader};
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
        (vec!["--prot", "1"], "invalid option '--prot'"),
        (vec!["--port", "many"], "many"),
        (vec!["--port"], "--port"),
        (vec!["extra"], "extra"),
    ] {
        let output = sandbox().args(&arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(error.contains(words) && error.contains("Usage:"), "{arguments:?}: {error}");
    }
    let output = sandbox().args(["--port", "0", "--approvers", "nobody"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("COUNTERSIGN_APPROVERS is wrong: element 1"));
}

#[test]
fn help_is_no_error() {
    let output = sandbox().arg("--help").output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("--port NUMBER"));
}
