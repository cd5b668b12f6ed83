//! The doctor reads the deployed policies: it finds a deployment in which others may sign or write.

use sandbox::{CALLBACK_ROLE, NOTIFIER_ROLE, TABLE, key_policy, table_policy};
use serde_json::{Value, json};
use tests::World;

use crate::operations;

/// What the doctor finds about each part: whether it is sound, and what it found.
async fn findings(world: &World) -> Vec<(String, bool, String)> {
    let report = world.play(&json!({"doctor": {}})).await;
    let findings = report["results"][0]["findings"].as_array().unwrap();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    findings.iter().map(|finding| (text(finding, "check"), finding["sound"] == true, text(finding, "found"))).collect()
}

async fn unsound(world: &World) -> Vec<String> {
    findings(world).await.into_iter().filter(|(_, sound, _)| !sound).map(|(check, ..)| check).collect()
}

/// The policy of a key for which nobody wrote one: it leaves the key to the account, and denies nothing.
fn default_key_policy() -> String {
    let statement = json!({
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*",
    });
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_who_may_sign_and_write_and_the_fingerprints() {
    let world = World::new().await;
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    let findings = findings(&world).await;
    for (check, setting, signer) in [
        ("request key", "COUNTERSIGN_REQUEST_KEYS", NOTIFIER_ROLE),
        ("vote key", "COUNTERSIGN_VOTE_KEYS", CALLBACK_ROLE),
    ] {
        let key = world.sandbox().setting(setting).unwrap();
        let fingerprint = countersign::keys::Fingerprint::of(&world.aws().kms.public_key(&key).unwrap()).to_string();
        let (_, _, found) = findings.iter().find(|(name, ..)| name == check).unwrap();
        assert!(found.contains(&format!("only {} may sign", role(signer))), "{found}");
        assert!(found.contains(&fingerprint), "{found}");
    }
    let (_, sound, found) = findings.iter().find(|(name, ..)| name == "ledger").unwrap();
    assert!(*sound && found.contains(&role(NOTIFIER_ROLE)) && found.contains(&role(CALLBACK_ROLE)), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_others_may_write_is_unsound() {
    let world = World::new().await;
    let sound = table_policy(&format!("arn:aws:dynamodb:us-east-2:123456789012:table/{TABLE}"));
    // Restored from a backup, without its policy.
    world.aws().set_table_policy(TABLE, None).unwrap();
    assert_eq!(unsound(&world).await, ["ledger"]);
    for lax in [
        sound.replace("\"dynamodb:DeleteItem\",", ""),
        sound.replace(NOTIFIER_ROLE, "countersign-*"),
        sound.replace(NOTIFIER_ROLE, "somebody-else"),
        sound.replace("\"false\"", "\"true\""),
    ] {
        world.aws().set_table_policy(TABLE, Some(&lax)).unwrap();
        // Where the notifier may not write, it cannot note the test email.
        let broken = if lax.contains("somebody-else") { &["test email", "ledger"][..] } else { &["ledger"] };
        assert_eq!(unsound(&world).await, broken, "{lax}");
    }
    world.aws().set_table_policy(TABLE, Some(&sound)).unwrap();
    assert_eq!(unsound(&world).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_others_may_sign_with_is_unsound() {
    let world = World::new().await;
    for (check, setting, role, other) in [
        ("request key", "COUNTERSIGN_REQUEST_KEYS", NOTIFIER_ROLE, CALLBACK_ROLE),
        ("vote key", "COUNTERSIGN_VOTE_KEYS", CALLBACK_ROLE, NOTIFIER_ROLE),
    ] {
        let key = world.sandbox().setting(setting).unwrap();
        let kms = &world.aws().kms;
        for lax in [default_key_policy(), key_policy(role).replace(role, "countersign-*")] {
            kms.set_key_policy(&key, &lax).unwrap();
            assert_eq!(unsound(&world).await, [check], "{lax}");
        }
        // The other function may sign, and this one may not.
        kms.set_key_policy(&key, &key_policy(other)).unwrap();
        assert!(unsound(&world).await.contains(&check.to_owned()));
        kms.set_key_policy(&key, &key_policy(role)).unwrap();
        assert_eq!(unsound(&world).await, [""; 0]);
    }
}

/// A second key is trusted, or signs, as during a rotation. A key that others may sign with is as bad in any place.
#[tokio::test(flavor = "multi_thread")]
async fn each_of_several_keys_must_be_guarded() {
    let world = World::new().await;
    for (check, setting, role) in [
        ("request key", "COUNTERSIGN_REQUEST_KEYS", NOTIFIER_ROLE),
        ("vote key", "COUNTERSIGN_VOTE_KEYS", CALLBACK_ROLE),
    ] {
        let old = world.sandbox().setting(setting).unwrap();
        let kms = &world.aws().kms;
        let new = kms.create_key_with_policy(&key_policy(role)).unwrap();
        let notifier = operations::misconfigured(&world, setting, &format!("{old},{new}"));
        assert_eq!(operations::unsound(&operations::diagnosis(&world, &notifier).await), [""; 0]);
        for (which, key) in [("second", &new), ("first", &old)] {
            kms.set_key_policy(key, &default_key_policy()).unwrap();
            assert_eq!(
                operations::unsound(&operations::diagnosis(&world, &notifier).await),
                [check],
                "the {which} {check}"
            );
            kms.set_key_policy(key, &key_policy(role)).unwrap();
        }
    }
}
