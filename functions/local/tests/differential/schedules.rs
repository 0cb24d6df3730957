//! EventBridge Scheduler: schedules made, changed, listed, refused, and fired.

use aws_sdk_scheduler::operation::create_schedule::builders::CreateScheduleFluentBuilder;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, ScheduleState, Target,
};

use super::side::{Side, code, compare};

const UNCHECKED: &str = "the API reference excludes this; ministack does not check it";

fn target(arn: &str, input: &str) -> Target {
    Target::builder().arn(arn).role_arn("arn:aws:iam::000000000000:role/r").input(input).build().unwrap()
}

fn off() -> FlexibleTimeWindow {
    FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().unwrap()
}

fn create(side: &Side, name: &str, expression: &str) -> CreateScheduleFluentBuilder {
    let request = side.scheduler.create_schedule().name(side.name(name)).schedule_expression(expression);
    request.target(target(&side.arn("q"), name)).flexible_time_window(off())
}

/// An `at` expression for so many seconds from now.
fn at(side: &Side, seconds: u64) -> String {
    let moment = side.clock.now() + std::time::Duration::from_secs(seconds);
    format!("at({})", moment.strftime("%Y-%m-%dT%H:%M:%S"))
}

#[tokio::test]
async fn made_read_changed_listed_deleted() {
    compare("crud", |side| async move {
        let expression = at(&side, 86_400);
        let request = create(&side, "s", &expression).client_token("one").description("d");
        let request = request.action_after_completion(ActionAfterCompletion::Delete);
        let arn = request.clone().send().await.unwrap().schedule_arn;
        side.check(
            "its arn",
            &arn,
            format!("arn:aws:scheduler:us-east-1:000000000000:schedule/default/{}", side.name("s")),
        );
        let why = "ClientToken makes the call idempotent; ministack ignores it";
        side.check_but("the same call again", code(&request.send().await), "ok", ("ConflictException", why));
        let other = create(&side, "s", &expression).client_token("two").send().await;
        side.check("another call with the name", code(&other), "ConflictException");

        let get = || side.scheduler.get_schedule().name(side.name("s"));
        let found = get().send().await.unwrap();
        side.check("the expression", found.schedule_expression.as_deref().unwrap(), &expression);
        side.check("the state", found.state.as_ref().unwrap().as_str(), "ENABLED");
        side.check("the action", found.action_after_completion.as_ref().unwrap().as_str(), "DELETE");
        side.check("the group", found.group_name.as_deref().unwrap(), "default");
        side.check("the description", found.description.as_deref().unwrap(), "d");
        side.check("the target", found.target.as_ref().unwrap().arn(), side.arn("q"));
        side.check("the input", found.target.as_ref().unwrap().input().unwrap(), "s");
        side.check("the window", found.flexible_time_window.as_ref().unwrap().mode().as_str(), "OFF");

        let later = at(&side, 172_800);
        let update = side.scheduler.update_schedule().name(side.name("s")).schedule_expression(&later);
        let update = update.target(target(&side.arn("q"), "new")).flexible_time_window(off());
        update.clone().state(ScheduleState::Disabled).send().await.unwrap();
        let changed = get().send().await.unwrap();
        side.check("the new expression", changed.schedule_expression.as_deref().unwrap(), &later);
        side.check("the new state", changed.state.as_ref().unwrap().as_str(), "DISABLED");
        side.check(
            "what the update left out",
            changed.action_after_completion.as_ref().unwrap().as_str(),
            "NONE",
        );
        side.check("created as before", changed.creation_date == found.creation_date, true);
        let missing = update.name(side.name("missing")).send().await;
        side.check("an update of what is not there", code(&missing), "ResourceNotFoundException");

        create(&side, "t", &expression).send().await.unwrap();
        let list = || side.scheduler.list_schedules().name_prefix(side.name(""));
        side.check("listed", list().send().await.unwrap().schedules.len(), 2);
        let disabled = list().state(ScheduleState::Disabled).send().await.unwrap().schedules;
        let names: Vec<_> = disabled.iter().filter_map(|schedule| schedule.name()).collect();
        side.check("the disabled one", names.join(" "), side.name("s"));
        let delete = || side.scheduler.delete_schedule().name(side.name("s"));
        side.check("deleted", code(&delete().send().await), "ok");
        side.check("deleted again", code(&delete().send().await), "ResourceNotFoundException");
        side.check("read", code(&get().send().await), "ResourceNotFoundException");
    })
    .await;
}

#[tokio::test]
async fn groups() {
    compare("groups", |side| async move {
        let expression = at(&side, 86_400);
        let group = side.name("g");
        let in_group = || create(&side, "s", &expression).group_name(&group);
        side.check("no such group", code(&in_group().send().await), "ResourceNotFoundException");
        let make = || side.scheduler.create_schedule_group().name(&group);
        side.check("a group", code(&make().send().await), "ok");
        side.check("the group again", code(&make().send().await), "ConflictException");
        side.check("a schedule in it", code(&in_group().send().await), "ok");
        let outside = side.scheduler.get_schedule().name(side.name("s"));
        side.check("it is in no other", code(&outside.clone().send().await), "ResourceNotFoundException");
        side.check("it is there", code(&outside.group_name(&group).send().await), "ok");
        let listed = side.scheduler.list_schedules().group_name(&group).send().await.unwrap().schedules;
        side.check("listed", listed.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn refusals() {
    compare("refusals", |side| async move {
        let expression = at(&side, 86_400);
        let ok = ("ok", UNCHECKED);
        let bad = "ValidationException";
        let long = "x".repeat(65);
        let named = side.scheduler.create_schedule().name(&long).schedule_expression(&expression);
        let named = named.target(target(&side.arn("q"), "i")).flexible_time_window(off()).send().await;
        side.check_but("a name of 65", code(&named), bad, ok);
        let blank = create(&side, "a b", &expression).send().await;
        side.check("a blank in the name", code(&blank), bad);
        for (index, wrong) in
            ["at(nope)", "at(2026-13-01T00:00:00)", "rate(0 minutes)", "rate(1 fortnight)", "soon"]
                .into_iter()
                .enumerate()
        {
            let refused = create(&side, &format!("e{index}"), wrong).send().await;
            side.check_but(wrong, code(&refused), bad, ok);
        }
        let zone = create(&side, "z", &expression).schedule_expression_timezone("Nowhere/Else").send().await;
        side.check_but("no such zone", code(&zone), bad, ok);
        let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Flexible);
        let wide = window.maximum_window_in_minutes(1_441).build().unwrap();
        let wide = create(&side, "w", &expression).flexible_time_window(wide).send().await;
        side.check_but("a window of a day and a minute", code(&wide), bad, ok);
    })
    .await;
}

/// ministack looks at its schedules every ten seconds, so this takes about that long.
#[tokio::test]
async fn a_moment_fires_into_its_queue() {
    compare("firing", |side| async move {
        let queue = side.queue("q", &[]).await;
        let expression = at(&side, 1);
        let once = |name: &str| create(&side, name, &expression);
        once("goes").action_after_completion(ActionAfterCompletion::Delete).send().await.unwrap();
        once("stays").send().await.unwrap();
        once("off").state(ScheduleState::Disabled).send().await.unwrap();
        let mut fired = Vec::new();
        while fired.len() < 2 {
            let messages = side.receive(&queue, 20).await;
            assert!(!messages.is_empty(), "nothing has fired in 20 s");
            fired.extend(messages.into_iter().filter_map(|message| message.body));
        }
        fired.sort();
        side.check("fired", fired.join(" "), "goes stays");
        let exists =
            async |name: &str| code(&side.scheduler.get_schedule().name(side.name(name)).send().await);
        // It is deleted right after its message was sent.
        let mut asked = 0;
        while exists("goes").await == "ok" && asked < 1_000 {
            asked += 1;
        }
        side.check("the one that deletes itself", exists("goes").await, "ResourceNotFoundException");
        side.check("the one that stays", exists("stays").await, "ok");
        side.check("nothing more", side.bodies(&queue, 0).await, "");
    })
    .await;
}
