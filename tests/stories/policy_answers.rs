//! What a policy says, asked of a deployment: in the words of `sandbox policy`, and about a text that is not in force yet.

use serde_json::{Value, json};
use tests::World;

const POLICY: &str = "[[route]]\nname = \"production\"\nregion = \"eu-*\"\nstage = \"Production\"\n\
    approvers = [\"Ada Lovelace <ada@example.com>\", \"ben@example.com\"]\ninitiator_may_approve = false\n\n\
    [[person]]\naddress = \"ada@example.com\"\nprincipals = [\"arn:aws:iam::123456789012:user/ada\"]\n";

async fn answer(world: &World, command: Value) -> Value {
    let (status, report) = world.event(&command).await;
    assert_eq!(status, 200, "{report}");
    report["results"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_checked_before_it_is_saved() {
    let world = World::new().await;
    let valid = answer(&world, json!({"check": {"policy": POLICY}})).await;
    assert_eq!(
        valid,
        json!({
            "result": "checked", "verdict": "yes", "problems": [],
            "lines": [
                "policy is valid.", "  production: 1 of 2 must approve",
                "  There is no [default]: an approval that no route matches is an error.",
            ],
        })
    );
    let wrong = answer(&world, json!({"check": {"policy": "[default]\napprovers = [\"ada\"]\n"}})).await;
    assert_eq!((&wrong["verdict"], &wrong["lines"]), (&json!("no"), &json!([])));
    let problems = wrong["problems"].as_array().unwrap();
    assert!(problems[0].as_str().unwrap().starts_with("policy:2:14: default.approvers"), "{wrong}");
    assert_eq!(problems[1..], [json!("    approvers = [\"ada\"]"), json!("                 ^")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_and_the_policy_in_force_explain_whom_they_ask() {
    let world = World::under(POLICY).await;
    let place = |more: Value| {
        let mut place = json!({"pipeline": "payments-api", "stage": "Production", "action": "Approve"});
        place.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"explain": place})
    };
    let unclear = answer(&world, place(json!({}))).await;
    assert_eq!((&unclear["verdict"], &unclear["problems"]), (&json!("unclear"), &json!(["Say which region."])));
    let ada = "arn:aws:iam::123456789012:user/ada";
    let asked = json!({"region": "eu-central-1", "account": "123456789012", "initiator": ada});
    let yes = answer(&world, place(asked)).await;
    let lines = yes["lines"].as_array().unwrap();
    assert_eq!(yes["verdict"], "yes");
    assert_eq!(lines[2], "  production matches");
    assert_eq!(
        lines.last().unwrap(),
        &format!("{ada} is Ada Lovelace <ada@example.com>, who may reject, but not approve.")
    );
    assert_eq!(answer(&world, place(json!({"region": "us-east-2"}))).await["verdict"], "no");
    let other = "[default]\napprovers = [\"ben@example.com\"]\n";
    let given = answer(&world, place(json!({"policy": other}))).await;
    assert_eq!((&given["verdict"], &given["lines"][2]), (&json!("yes"), &json!("  default matches")));
    let invalid = answer(&world, place(json!({"policy": "x"}))).await;
    assert_eq!((&invalid["result"], &invalid["verdict"]), (&json!("explained"), &json!("no")));
    assert!(invalid["problems"][0].as_str().unwrap().starts_with("policy:1:"), "{invalid}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_cannot_be_read_names_what_is_wrong() {
    let world = World::new().await;
    for (command, words) in [
        (json!({"check": {}}), "missing field `policy`"),
        (json!({"check": {"policy": 1}}), "expected a string"),
        (json!({"explain": {"pipeline": "p", "stage": "s"}}), "missing field `action`"),
        (
            json!({"explain": {"pipeline": "p", "stage": "s", "action": "a", "initiator": "arn:aws:iam::123456789012:user/ada"}}),
            "initiator needs the pipeline's account",
        ),
    ] {
        let (status, error) = world.event(&command).await;
        assert_eq!(status, 500, "{error}");
        assert!(error["errorMessage"].as_str().unwrap().contains(words), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_cannot_be_read_repeats_no_address() {
    let world = World::new().await;
    for command in [
        json!({"check": {"ada@example.com": "[default]"}}),
        json!({"check": {"policy": "", "[default]\napprovers = [\"ada@example.com\"]": ""}}),
        json!({"explain": {"pipeline": "p", "stage": "s", "action": "a", "ada@example.com": ""}}),
    ] {
        let (status, error) = world.event(&command).await;
        assert_eq!(status, 500);
        assert!(!error.to_string().contains("ada@example.com"), "this is logged: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_about_a_text_of_megabytes_is_short() {
    let world = World::new().await;
    let answer = answer(&world, json!({"check": {"policy": "#".repeat(2_000_000)}})).await;
    let length = answer.to_string().len();
    assert!(length < 20_000, "Lambda answers no more than six megabytes: {length}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_with_thousands_of_warnings_has_a_short_answer() {
    // A hundred stages that differ in case alone, each beside each other, on one long line.
    let stage = |n: usize| -> String {
        "abcdefg"
            .chars()
            .enumerate()
            .map(|(bit, c)| if n >> bit & 1 == 1 { c.to_ascii_uppercase() } else { c })
            .collect()
    };
    let routes: Vec<String> = (0..100).map(|n| format!("{{stage=\"{}\",approvers=[\"a@b.co\"]}}", stage(n))).collect();
    let routes = routes.join(",");
    let policy = format!("route=[{}{routes}]\n", " ".repeat(8_192 - 10 - routes.len()));
    let world = World::new().await;
    let answer = answer(&world, json!({"check": {"policy": policy}})).await;
    let length = answer.to_string().len();
    assert!(length < 60_000, "{length} bytes, of which the first are {}", &answer.to_string()[..600]);
    assert!(answer.to_string().contains("Warnings that are not shown: "), "what is left out is counted");
}
