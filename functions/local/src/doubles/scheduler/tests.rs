use std::time::Duration;

use aws_sdk_scheduler::error::ProvideErrorMetadata;
use aws_sdk_scheduler::operation::create_schedule::builders::CreateScheduleFluentBuilder;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, ScheduleState, Target,
};

use crate::doubles::testing::World;

fn target(queue: &str, input: &str) -> Target {
    let arn = format!("arn:aws:sqs:us-east-1:000000000000:{queue}");
    Target::builder().arn(arn).role_arn("arn:aws:iam::000000000000:role/r").input(input).build().unwrap()
}

fn off() -> FlexibleTimeWindow {
    FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().unwrap()
}

fn create(world: &World, name: &str, expression: &str) -> CreateScheduleFluentBuilder {
    let request = world.scheduler.create_schedule().name(name).schedule_expression(expression);
    request.target(target("q", name)).flexible_time_window(off())
}

/// An `at` expression for so many seconds from now.
fn at(world: &World, seconds: u64) -> String {
    let moment = world.clock.now() + Duration::from_secs(seconds);
    format!("at({})", moment.strftime("%Y-%m-%dT%H:%M:%S"))
}

/// What the queue holds by the time that something arrives in it; the schedules fire beside the test.
async fn arrived(world: &World, queue: &str) -> Vec<String> {
    let request =
        world.sqs.receive_message().queue_url(queue).max_number_of_messages(10).wait_time_seconds(20);
    let messages = request.send().await.unwrap().messages.unwrap_or_default();
    messages.into_iter().map(|message| message.body.unwrap()).collect()
}

async fn exists(world: &World, name: &str) -> bool {
    world.scheduler.get_schedule().name(name).send().await.is_ok()
}

#[tokio::test]
async fn a_moment_tomorrow_fires_once_and_takes_its_schedule_along() {
    let world = World::start().await;
    let queue = world.queue("q", &[]).await;
    let tomorrow = at(&world, 86_400);
    create(&world, "goes", &tomorrow)
        .action_after_completion(ActionAfterCompletion::Delete)
        .send()
        .await
        .unwrap();
    world.pass(86_390);
    assert!(world.bodies(&queue).await.is_empty());
    world.pass(10);
    assert_eq!(arrived(&world, &queue).await, ["goes"]);
    while exists(&world, "goes").await {
        tokio::task::yield_now().await;
    }
    create(&world, "stays", &tomorrow).send().await.unwrap();
    assert_eq!(arrived(&world, &queue).await, ["stays"]);
    world.pass(86_400);
    assert!(exists(&world, "stays").await);
    assert_eq!(world.bodies(&queue).await, ["goes", "stays"], "only what was never deleted comes again");
}

#[tokio::test]
async fn a_rate_fires_at_once_and_then_at_each_turn() {
    let world = World::start().await;
    let queue = world.queue("q", &[]).await;
    create(&world, "rate", "rate(5 minutes)").send().await.unwrap();
    for _ in 0..3 {
        assert_eq!(arrived(&world, &queue).await, ["rate"]);
        world.sqs.purge_queue().queue_url(&queue).send().await.unwrap();
        world.pass(290);
        assert!(world.bodies(&queue).await.is_empty());
        world.pass(10);
    }
}

#[tokio::test]
async fn a_message_that_finds_no_queue_is_sent_when_there_is_one() {
    let world = World::start().await;
    create(&world, "early", &at(&world, 0)).send().await.unwrap();
    while !world.doubles.scheduler().waits_past(&world.clock) {
        tokio::task::yield_now().await;
    }
    let queue = world.queue("q", &[]).await;
    assert!(world.bodies(&queue).await.is_empty());
    world.pass(60);
    assert_eq!(arrived(&world, &queue).await, ["early"]);
}

#[tokio::test]
async fn a_disabled_schedule_does_not_fire_until_it_is_enabled() {
    let world = World::start().await;
    let queue = world.queue("q", &[]).await;
    let moment = at(&world, 60);
    create(&world, "s", &moment).state(ScheduleState::Disabled).send().await.unwrap();
    world.pass(61);
    assert!(world.bodies(&queue).await.is_empty());
    let update = world.scheduler.update_schedule().name("s").schedule_expression(moment);
    update.target(target("q", "changed")).flexible_time_window(off()).send().await.unwrap();
    assert_eq!(arrived(&world, &queue).await, ["changed"]);
}

#[tokio::test]
async fn schedules_outlive_a_restart_and_fire_what_was_missed() {
    let world = World::start().await;
    world.queue("q", &[]).await;
    world.scheduler.create_schedule_group().name("group").send().await.unwrap();
    create(&world, "missed", &at(&world, 60)).send().await.unwrap();
    create(&world, "later", &at(&world, 7_200)).group_name("group").send().await.unwrap();
    create(&world, "deleted", &at(&world, 60)).send().await.unwrap();
    world.scheduler.delete_schedule().name("deleted").send().await.unwrap();

    let world = world.restart_after(3_600).await;
    let queue = world.queue("q", &[]).await;
    assert_eq!(arrived(&world, &queue).await, ["missed"]);
    world.sqs.purge_queue().queue_url(&queue).send().await.unwrap();
    let world = world.restart().await;
    let queue = world.queue("q", &[]).await;
    assert!(world.bodies(&queue).await.is_empty(), "it has fired");
    world.pass(3_600);
    assert_eq!(arrived(&world, &queue).await, ["later"]);
}

#[tokio::test]
async fn the_same_request_again_is_no_conflict_and_another_one_is() {
    let world = World::start().await;
    let moment = at(&world, 60);
    let first = create(&world, "s", &moment).client_token("t");
    let arn = first.clone().send().await.unwrap().schedule_arn;
    assert_eq!(first.clone().send().await.unwrap().schedule_arn, arn);
    let other_content = first.target(target("q", "other")).send().await.unwrap_err();
    assert_eq!(other_content.code(), Some("ConflictException"));
    let other_token = create(&world, "s", &moment).client_token("u").send().await.unwrap_err();
    assert_eq!(other_token.code(), Some("ConflictException"));
}

#[tokio::test]
async fn what_scheduler_refuses_is_refused() {
    let world = World::start().await;
    let moment = at(&world, 60);
    let window = |minutes| {
        let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Flexible);
        window.set_maximum_window_in_minutes(minutes).build().unwrap()
    };
    let lambda = Target::builder()
        .arn("arn:aws:lambda:us-east-1:000000000000:function:f")
        .role_arn("arn:aws:iam::000000000000:role/r");
    for (why, request) in [
        ("a name of 65", create(&world, &"x".repeat(65), &moment)),
        ("a name with a blank", create(&world, "a b", &moment)),
        ("no expression", create(&world, "s", "at(nope)")),
        ("cron, until it is there", create(&world, "s", "cron(0 12 * * ? *)")),
        ("no zone", create(&world, "s", &moment).schedule_expression_timezone("Nowhere")),
        ("no window", create(&world, "s", &moment).flexible_time_window(window(None))),
        ("a day and a minute", create(&world, "s", &moment).flexible_time_window(window(Some(1441)))),
        ("no queue", create(&world, "s", &moment).target(lambda.build().unwrap())),
    ] {
        let error = request.send().await.unwrap_err();
        assert_eq!(error.code(), Some("ValidationException"), "{why}");
    }
    let error = create(&world, "s", &moment).group_name("gone").send().await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
    create(&world, "s", &moment).flexible_time_window(window(Some(1440))).send().await.unwrap();
}

#[tokio::test]
async fn lists_go_by_group_prefix_state_and_page() {
    let world = World::start().await;
    world.scheduler.create_schedule_group().name("g").send().await.unwrap();
    let moment = at(&world, 60);
    for name in ["a1", "a2", "a3", "b1"] {
        create(&world, name, &moment).group_name("g").send().await.unwrap();
    }
    create(&world, "off", &moment).state(ScheduleState::Disabled).send().await.unwrap();
    let list = || world.scheduler.list_schedules();
    let page = list().group_name("g").name_prefix("a").max_results(2).send().await.unwrap();
    assert_eq!(page.schedules.iter().map(|s| s.name().unwrap()).collect::<Vec<_>>(), ["a1", "a2"]);
    let rest = list().group_name("g").name_prefix("a").set_next_token(page.next_token).send().await.unwrap();
    assert_eq!(rest.schedules.iter().map(|s| s.name().unwrap()).collect::<Vec<_>>(), ["a3"]);
    assert_eq!(rest.next_token, None);
    let off = list().state(ScheduleState::Disabled).send().await.unwrap();
    assert_eq!(off.schedules.len(), 1);
}
