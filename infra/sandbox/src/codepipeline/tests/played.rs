use super::*;

fn record() -> NamedApproval {
    NamedApproval {
        account: "123456789012".to_owned(),
        region: "us-east-2".to_owned(),
        pipeline: "shop".to_owned(),
        stage: "Review".to_owned(),
        action: "Approve".to_owned(),
        ..NamedApproval::default()
    }
}

fn from_eventbridge(execution: &str) -> NamedApproval {
    NamedApproval { execution: Some(execution.to_owned()), ..record() }
}

fn from_sns(token: &str) -> NamedApproval {
    NamedApproval { token: Some(token.to_owned()), ..record() }
}

#[test]
fn a_record_of_an_unknown_pipeline_makes_it_wait_without_a_word() {
    let mut story = Story::new();
    let played = story.service.ensure_waiting(&from_eventbridge("E1"));
    assert_eq!(played.execution, "E1");
    assert_eq!(story.token("E1"), played.token);
    assert_eq!(story.new_events(), Vec::<Value>::new());
    let stages: Vec<Value> =
        story.state()["stageStates"].as_array().unwrap().iter().map(|stage| stage["stageName"].clone()).collect();
    assert_eq!(stages, ["Source", "Review", "Deploy"]);
    story.put(&played.token, "Approved").unwrap();
    assert_eq!(story.status("E1"), "Succeeded");
    let events: Vec<Value> = story.new_events().iter().map(|event| event["detail"]["action"].clone()).collect();
    assert_eq!(events, ["Approve", "Deploy", "Deploy"]);
}

#[test]
fn stages_that_are_made_up_do_not_take_the_name_of_the_recorded_one() {
    for name in ["Source", "Deploy"] {
        let story = Story::new();
        story.service.ensure_waiting(&NamedApproval { stage: name.to_owned(), ..from_eventbridge("E1") });
        let stages = &story.service.overview()[0].stages;
        assert_eq!(stages.iter().filter(|stage| stage.name == name).count(), 1);
        assert_eq!(stages[1].name, name);
    }
}

#[test]
fn eventbridge_first_then_sns_is_one_approval() {
    let story = Story::new();
    let first = story.service.ensure_waiting(&from_eventbridge("E"));
    assert_eq!(story.service.ensure_waiting(&from_sns("T")), first);
    assert_eq!(story.service.ensure_waiting(&from_sns("T")), first);
    assert_eq!(story.service.ensure_waiting(&from_eventbridge("E")), first);
    let other = story.service.ensure_waiting(&from_sns("T2"));
    assert_eq!(other.token, "T2");
    assert_ne!(other.execution, "E");
    assert_eq!(story.status("E"), "Superseded");
}

#[test]
fn sns_first_then_eventbridge_is_one_approval() {
    let story = Story::new();
    let first = story.service.ensure_waiting(&from_sns("T"));
    assert_eq!(first.token, "T");
    assert_eq!(story.service.ensure_waiting(&from_eventbridge("E")), first);
    assert_eq!(story.service.ensure_waiting(&from_eventbridge("E")), first);
    assert_eq!(story.service.ensure_waiting(&from_sns("T")), first);
    let other = story.service.ensure_waiting(&from_eventbridge("E2"));
    assert_eq!(other.execution, "E2");
    assert_eq!(story.status(&first.execution), "Superseded");
}

#[test]
fn in_parallel_mode_records_of_both_kinds_pair_in_their_order() {
    let story = Story::shop(ExecutionMode::Parallel);
    let one = story.service.ensure_waiting(&from_eventbridge("E1"));
    let two = story.service.ensure_waiting(&from_eventbridge("E2"));
    assert_eq!(story.service.ensure_waiting(&from_sns("T1")), one);
    assert_eq!(story.service.ensure_waiting(&from_sns("T2")), two);
    assert_eq!(story.service.ensure_waiting(&from_sns("T1")), one);
    assert_eq!((story.status("E1"), story.status("E2")), ("InProgress".to_owned(), "InProgress".to_owned()));
}

#[test]
fn a_record_with_both_ids_or_with_neither() {
    let story = Story::new();
    let both = NamedApproval { execution: Some("E".to_owned()), token: Some("T".to_owned()), ..record() };
    let played = story.service.ensure_waiting(&both);
    assert_eq!(played, Played { execution: "E".to_owned(), token: "T".to_owned(), began: START });
    assert_eq!(story.service.ensure_waiting(&record()), played);
    story.put("T", "Approved").unwrap();
    assert_ne!(story.service.ensure_waiting(&record()), played);
}

#[test]
fn an_approval_that_has_ended_is_not_asked_for_again() {
    let story = Story::new();
    let played = story.service.ensure_waiting(&from_eventbridge("E"));
    story.put(&played.token, "Rejected").unwrap();
    assert_eq!(story.service.ensure_waiting(&from_eventbridge("E")), played);
    assert_eq!(story.status("E"), "Failed");
}

#[test]
fn an_event_of_the_sandboxs_own_is_recognised() {
    let story = Story::shop(ExecutionMode::Superseded);
    let execution = story.start();
    let token = story.token(&execution);
    let known = Played { execution: execution.clone(), token: token.clone(), began: START };
    assert_eq!(story.service.ensure_waiting(&from_eventbridge(&execution)), known);
    assert_eq!(story.service.ensure_waiting(&from_sns(&token)), known);
    // A strange record is no counterpart of it, and takes over.
    story.service.ensure_waiting(&from_sns("T"));
    assert_eq!(story.status(&execution), "Superseded");
}

#[test]
fn a_played_execution_takes_over_and_is_taken_over_by_the_modes_rules() {
    let mut story = Story::shop(ExecutionMode::Superseded);
    let live = story.start();
    story.new_events();
    story.service.ensure_waiting(&from_eventbridge("E"));
    assert_eq!(story.approval_events(), [("ABANDONED".to_owned(), live)]);
    story.start();
    assert_eq!(story.status("E"), "Superseded");

    let mut story = Story::shop(ExecutionMode::Queued);
    let (first, second) = (story.start(), story.start());
    story.new_events();
    let played = story.service.ensure_waiting(&from_eventbridge("E"));
    assert_eq!(story.approval_events(), [("ABANDONED".to_owned(), first.clone())]);
    assert_eq!((story.status(&first), story.status(&second)), ("Stopped".to_owned(), "InProgress".to_owned()));
    story.put(&played.token, "Approved").unwrap();
    assert_eq!(story.approval()["token"], story.token(&second));
}

#[test]
fn stages_and_actions_that_are_missing_are_added() {
    let story = Story::shop(ExecutionMode::Superseded);
    story.service.ensure_waiting(&NamedApproval {
        stage: "Audit".to_owned(),
        action: "Sign".to_owned(),
        ..from_eventbridge("E1")
    });
    story.service.ensure_waiting(&NamedApproval { action: "Confirm".to_owned(), ..from_eventbridge("E2") });
    let shop = story.service.overview().remove(0);
    let names: Vec<&str> = shop.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["Source", "Review", "Audit", "Production"]);
    let actions: Vec<&str> = shop.stages[1].actions.iter().map(|action| action.name.as_str()).collect();
    assert_eq!(actions, ["Approve", "Confirm"]);
    assert_eq!(story.state()["pipelineVersion"], 3);
    // The stages in front of the named approval have been passed, by nobody.
    let run = story.run("E2", "Approve");
    assert_eq!((&run["status"], run.get("updatedBy")), (&json!("Succeeded"), None));
    assert_eq!(story.run("E2", "Confirm")["status"], "InProgress");
    // A record's word that something is an approval is taken.
    story.service.ensure_waiting(&NamedApproval {
        stage: "Production".to_owned(),
        action: "Deploy".to_owned(),
        ..from_eventbridge("E3")
    });
    assert_eq!(story.service.overview()[0].stages[3].actions[0].category, "Approval");
}

#[test]
fn the_same_execution_named_further_on_has_gone_on() {
    let mut story = Story::new();
    story.service.ensure_waiting(&from_eventbridge("E"));
    let audit = NamedApproval { stage: "Audit".to_owned(), ..from_eventbridge("E") };
    let played = story.service.ensure_waiting(&audit);
    assert_eq!(played.execution, "E");
    assert_eq!(story.new_events(), Vec::<Value>::new());
    let states: Vec<Option<&str>> = story.service.overview()[0].stages.iter().map(|stage| stage.status).collect();
    assert_eq!(states, [Some("Succeeded"), Some("Succeeded"), Some("InProgress"), None]);
    let mut input = answer(&played.token, "Approved");
    input["stageName"] = json!("Audit");
    story.call("PutApprovalResult", input);
    assert_eq!(story.status("E"), "Succeeded");
}

#[test]
fn the_records_texts_and_time_are_taken_over() {
    let mut story = Story::new();
    let sns = NamedApproval {
        custom_data: Some("Please check".to_owned()),
        external_entity_link: Some("https://example.com".to_owned()),
        wait: Some(Duration::minutes(30)),
        ..from_sns("T")
    };
    let played = story.service.ensure_waiting(&from_eventbridge("E"));
    assert_eq!(story.service.ensure_waiting(&sns), played);
    let run = story.run("E", "Approve");
    assert_eq!(
        run["input"]["resolvedConfiguration"],
        json!({"CustomData": "Please check", "ExternalEntityLink": "https://example.com"})
    );
    story.pass(Duration::minutes(30));
    story.service.tick();
    assert_eq!(story.approval_events(), [("FAILED".to_owned(), "E".to_owned())]);
}

#[test]
fn a_wait_that_is_over_or_beyond_reason_does_not_bind() {
    let days = Duration::days;
    for wait in [days(-400), Duration::ZERO, days(7) + Duration::SECOND, days(400), Duration::MAX, Duration::MIN] {
        let story = Story::new();
        story.service.ensure_waiting(&NamedApproval { wait: Some(wait), ..from_sns("T") });
        assert_eq!(story.service.overview()[0].stages[1].actions[0].runs[0].expires, Some(START + days(7)), "{wait}");
    }
}

#[test]
fn the_notice_of_an_approval_says_to_the_minute_when_it_ends() {
    let story = Story::new();
    let first = story.service.ensure_waiting(&from_eventbridge("E"));
    let expires = || story.service.overview()[0].stages[1].actions[0].runs[0].expires.unwrap() - START;
    for (wait, expected) in [
        (Duration::days(7) - Duration::seconds(59), Duration::days(7)),
        (Duration::days(7) - Duration::seconds(61), Duration::days(7) - Duration::seconds(61)),
        (Duration::hours(2), Duration::hours(2)),
    ] {
        // However late it is played, and however often.
        for _ in 0..2 {
            story.pass(Duration::minutes(5));
            let played = story.service.ensure_waiting(&NamedApproval { wait: Some(wait), ..from_sns("T") });
            assert_eq!((played, expires()), (first.clone(), expected));
        }
    }
}

#[test]
fn events_of_a_played_execution_bear_the_records_account_and_region() {
    let mut story = Story::shop(ExecutionMode::Superseded);
    for (account, shown) in [("123456789012", 0), ("444455556666", 1)] {
        let region = "eu-west-1".to_owned();
        let record = NamedApproval { account: account.to_owned(), region, ..from_eventbridge("E") };
        let played = story.service.ensure_waiting(&record);
        let caller = format!("arn:aws:iam::{account}:user/carol");
        story.service.call("PutApprovalResult", &answer(&played.token, "Approved"), &caller).unwrap();
        let event = story.new_events().remove(0);
        assert_eq!((&event["account"], &event["region"]), (&json!(account), &json!("eu-west-1")));
        assert_eq!(event["resources"][0], format!("arn:aws:codepipeline:eu-west-1:{account}:shop"));
        // A pipeline of another account is another pipeline, whatever its name.
        assert_eq!(story.service.overview()[shown].account, account);
    }
    assert_eq!(story.service.overview()[0].region, "us-east-2");
}

#[test]
fn an_older_execution_does_not_take_over_a_newer_one_that_is_further_on() {
    let story = Story::shop(ExecutionMode::Superseded);
    let older = story.start();
    let audit = NamedApproval { stage: "Audit".to_owned(), ..from_eventbridge("E") };
    story.service.ensure_waiting(&audit);
    let next = story.start();
    assert_eq!(story.status(&older), "Superseded");
    // The next one began before the newest, which is played straight into the stage ahead.
    story.service.ensure_waiting(&NamedApproval { execution: Some("E2".to_owned()), ..audit });
    story.put(&story.token(&next), "Approved").unwrap();
    assert_eq!((story.status(&next), story.status("E2")), ("Superseded".to_owned(), "InProgress".to_owned()));
}
