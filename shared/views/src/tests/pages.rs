//! The pages of groups as a whole: few rows and many, what waits for the script, the time that is told.

use domain::run::Run;
use jiff::Timestamp;

use crate::testing::{completed, ended, group, render};
use crate::{Format, Options};

const OUTPUT: &str = r#"{"content":{"a":1},"basis":[{"field":"a","confidence":"high","reasoning":"So it is.","citations":[]}]}"#;

fn page(rows: u32, options: &Options) -> String {
    let rows: Vec<(&str, Option<Run>)> =
        (0..rows).map(|index| (r#"{"n":1}"#, Some(completed(index, OUTPUT)))).collect();
    let runs: Vec<_> = rows.iter().map(|(_, run)| run.clone()).collect();
    let count = u32::try_from(rows.len()).expect("few");
    render(Format::Html, &ended(group(count), &runs), options, &rows)
}

#[test]
fn many_rows_come_a_hundred_to_a_body_and_leave_their_sources_behind_a_link() {
    let many = page(1_050, &Options::default());
    assert_eq!(many.matches("<tbody role=\"rowgroup\">").count(), 11);
    assert_eq!(many.matches("</tbody>").count(), 11);
    assert_eq!(
        many.matches("role=\"row\"").count(),
        1_051,
        "a table to who hears it, though it is none to the layout"
    );
    assert_eq!(many.matches("<a class=\"src\" href=\"").count(), 1_050);
    assert!(many.contains("/runs/1049\">") && !many.contains("So it is.</dd>"));
    let few = page(20, &Options::default());
    assert_eq!((few.matches("<tbody").count(), few.matches("So it is.</dd>").count()), (1, 20));
    assert!(!few.contains("role=\"row\"") && !few.contains("class=\"src\""));
}

#[test]
fn what_needs_the_script_is_hidden_without_it() {
    let page = page(1, &Options::default());
    for start in ["<form class=\"filter\"", "<section class=\"tools\"", "<button class=\"copy\""] {
        let tag = page.split_once(start).expect("it is there").1.split_once('>').expect("its end").0;
        assert!(tag.ends_with(" hidden"), "{start}{tag}");
    }
    assert!(!page.contains("<button class=\"sort\""), "columns are no buttons yet");
}

#[test]
fn the_present_is_told_by_the_caller() {
    let now = Timestamp::from_second(1_736_589_600 + 3_725).ok();
    let running = render(Format::Html, &group(1), &Options { now, ..Options::default() }, &[("1", None)]);
    assert!(running.contains("data-from=\"3725.000\">1 h 2 min<"), "{running}");
}
