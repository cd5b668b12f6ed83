//! Mail scanners that open every link and submit forms: nothing happens until a person presses the button.

use tests::World;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_press_decides() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let before = world.approval_state().await;
    let page = world.get(&alice.approve).await;

    for link in [&alice.approve, &alice.reject] {
        for _ in 0..50 {
            assert_eq!(world.get(link).await.status, 200);
            assert_eq!(world.head(link).await.status, 200);
        }
    }
    // The form as a script submits it: with its field, without the button's value.
    for link in [&alice.approve, &alice.reject] {
        let page = world.post(link, &[("comment", "")]).await;
        assert_eq!(page.status, 400);
        assert!(page.body.contains("Nothing has been decided yet. To decide, press the button."), "{}", page.body);
        assert!(page.has_form(), "a person can press the button now");
    }
    assert_eq!(world.post(&alice.approve, &[]).await.status, 400);
    assert_eq!(world.post(&alice.approve, &[("decision", "Rejected")]).await.status, 400);
    assert_eq!(world.post(&alice.reject, &[("decision", "Approved")]).await.status, 400);
    assert_eq!(world.post(&alice.approve, &[("decision", "approved")]).await.status, 400);

    assert_eq!(world.approval_state().await, before, "CodePipeline is as before");
    assert_eq!(world.get(&alice.approve).await.body, page.body, "and so are the votes");
    assert_eq!(
        (world.calls("PutApprovalResult"), world.calls("UpdateItem")),
        (0, 5),
        "four writes for two deliveries, one for the event"
    );

    let approved = world.press(&alice.approve, "Looks good").await;
    assert_eq!(approved.status, 200);
    assert_eq!(approved.title(), "MyFirstPipeline was approved");
    assert_eq!(world.approval_state().await["status"], "Succeeded");

    let again = world.post(&alice.approve, &[("comment", "Looks good"), ("decision", "Approved")]).await;
    assert_eq!((again.status, &again.body), (200, &approved.body), "the same press, the same page");
    assert_eq!(world.get(&alice.approve).await.body, approved.body);
    assert_eq!(world.get(&alice.reject).await.status, 409);
    assert_eq!(world.post(&alice.reject, &[("decision", "Rejected")]).await.status, 409);
    assert_eq!(world.calls("PutApprovalResult"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_answered_like_get_without_a_body() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    for url in [alice.approve.clone(), world.url("/approval"), world.url("/approval?t=x")] {
        let (get, head) = (world.get(&url).await, world.head(&url).await);
        assert_eq!(get.status, head.status);
        assert_eq!(head.body, "");
        assert_eq!(get.header("content-type"), head.header("content-type"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_is_too_long_is_shown_again() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let long = "é".repeat(513);
    let page = world.post(&alice.approve, &[("comment", &long), ("decision", "Approved")]).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains(&long), "nothing that was written is lost");
    assert!(page.body.contains("must be 512 characters or fewer"), "{}", page.body);
    assert_eq!(world.approval_state().await["status"], "InProgress");
    assert_eq!(world.post(&alice.approve, &[("comment", &long[2..]), ("decision", "Approved")]).await.status, 200);
}
