//! What the pages of groups and tasks have around their content: head, way back to the app, names to copy, elapsed time.
//!
//! Links are relative to the public base, so that they lead to the app of this service wherever it stands.

use domain::unit::Unit;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, PreEscaped, html};

use super::assets::ICON;
use crate::words;

/// The pages of the app, by address and name.
const PAGES: [(&str, &str); 3] =
    [("./", "One task"), ("?show=group", "A group"), ("?show=list", "All of yours")];

/// The head of a unit's page, which is called `name` in its title.
pub(crate) fn head(unit: &Unit, name: &str, styles: &[&str]) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            base href={ (unit.spec.public_base) "/" };
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="robots" content="noindex";
            meta name="referrer" content="no-referrer";
            title { (words::of_unit(unit.status)) " · " (name) " " (&unit.id.as_str()[..8]) }
            link rel="icon" href=(ICON);
            @for style in styles { style { (PreEscaped(style)) } }
            @if !unit.status.is_terminal() { noscript { meta http-equiv="refresh" content="10"; } }
        }
    }
}

/// The way to the app.
pub(crate) fn site() -> Markup {
    html! {
        header.site {
            p.brand { a href="./" { "Multitask" } }
            nav aria-label="Pages" { @for (address, name) in PAGES { a href=(address) { (name) } } }
        }
    }
}

/// The unit's id and address, to be copied; what was copied is said to who cannot see it.
pub(crate) fn names(unit: &Unit) -> Markup {
    html! {
        p.id {
            code #id { (unit.id) } " "
            (copy("copy-id", "Copy id", unit.id.as_str(), "id"))
            (copy("copy-link", "Copy link", &unit.url(), "id"))
        }
        p.unseen #said role="status" {}
    }
}

/// A button that copies a text, shown by the script alone; `beside` is the element that is selected where there is no clipboard.
pub(crate) fn copy(id: &str, label: &str, text: &str, beside: &str) -> Markup {
    html! { button.copy #(id) type="button" data-copy=(text) data-shown=(beside) hidden { (label) } }
}

/// The time since the unit or its present round began, up to its end; of one that is under way the script goes on from there.
pub(crate) fn elapsed(unit: &Unit, now: Option<Timestamp>) -> Markup {
    let began = unit.progress.round_began.unwrap_or(unit.created_at);
    let until = if unit.status.is_terminal() { unit.completed_at } else { now };
    let passed = until.unwrap_or(unit.modified_at).duration_since(began).max(SignedDuration::ZERO);
    let seconds = passed.as_secs().unsigned_abs();
    let from = (!unit.status.is_terminal()).then(|| format!("{seconds}.{:03}", passed.subsec_millis()));
    html! { div { dt { "Elapsed" } dd #elapsed data-from=[from] { (words::span(seconds)) } } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{completed, ended, group};

    #[test]
    fn elapsed_time_runs_from_the_servers_clock_and_ends_with_the_unit() {
        let unit = group(1);
        let at = |seconds: i64| Timestamp::from_second(1_736_589_600 + seconds).ok();
        let running = elapsed(&unit, at(75)).into_string();
        assert!(running.contains("data-from=\"75.000\">1 min 15 s<"), "{running}");
        assert!(elapsed(&unit, None).into_string().contains(">30 min 0 s<"), "as it stood last");
        let mut over = ended(unit, &[Some(completed(0, "{}"))]);
        let markup = elapsed(&over, at(9_000_000)).into_string();
        assert!(markup.contains(">30 min 0 s<") && !markup.contains("data-from"), "{markup}");
        over.progress.round_began = at(1_790);
        assert!(elapsed(&over, None).into_string().contains(">10 s<"));
    }

    #[test]
    fn the_way_back_is_relative() {
        let markup = site().into_string();
        for (address, _) in PAGES {
            assert!(markup.contains(&format!("href=\"{address}\"")), "{markup}");
        }
        assert!(!markup.contains("href=\"/"), "{markup}");
    }
}
