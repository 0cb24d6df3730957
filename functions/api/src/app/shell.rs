//! What every page has around its view: head, navigation, the key, foot.
//!
//! Links are relative to the public base, so a page works behind a path, with and without its slash. Invariant: where a key is needed it is
//! typed into a field without a name, which no form sends.

use maud::{DOCTYPE, Markup, html};
use web::Access;

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// One task.
    Task,
    /// Many rows.
    Group,
    /// What there is already.
    List,
}

impl View {
    /// All of them, as they stand in the navigation.
    pub(super) const ALL: [Self; 3] = [Self::Task, Self::Group, Self::List];

    const fn name(self) -> &'static str {
        match self {
            Self::Task => "One task",
            Self::Group => "A group",
            Self::List => "All of yours",
        }
    }

    /// Its address below the base.
    pub(super) const fn address(self) -> &'static str {
        match self {
            Self::Task => "./",
            Self::Group => "?show=group",
            Self::List => "?show=list",
        }
    }

    const fn module(self) -> &'static str {
        match self {
            Self::Task => "assets/task.js",
            Self::Group => "assets/group.js",
            Self::List => "assets/list.js",
        }
    }
}

/// What a caller has to send to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credential {
    /// Nothing: whoever asks is served.
    None,
    /// A key of the upstream.
    Key,
    /// An access token of this service.
    Token,
}

impl Credential {
    /// What is needed where callers are known so.
    pub(super) fn of(access: &Access) -> Self {
        if access.server_key.is_some() && !access.tokens.is_empty() {
            Self::Token
        } else if access.simulated || (access.server_key.is_some() && access.loopback) {
            Self::None
        } else {
            Self::Key
        }
    }

    /// What stands for it in a command; empty where none is needed.
    pub(super) const fn placeholder(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Key => "YOUR_PARALLEL_API_KEY",
            Self::Token => "YOUR_ACCESS_TOKEN",
        }
    }
}

/// The whole page around `content`.
pub(super) fn shell(base: &str, view: View, credential: Credential, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                base href={ (base) "/" };
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (view.name()) " · Multitask" }
                link rel="icon" href=(views::ICON);
                link rel="stylesheet" href="assets/style.css";
                link rel="stylesheet" href="assets/app.css";
                script type="module" src=(view.module()) {}
            }
            body data-base=(base) data-credential=(credential.placeholder()) {
                header.site {
                    p.brand { "Multitask" }
                    nav aria-label="Pages" {
                        @for other in View::ALL {
                            a href=(other.address()) aria-current=[(other == view).then_some("page")] { (other.name()) }
                        }
                    }
                }
                main.app {
                    noscript { p.card.note { "Forms and lists need JavaScript. Everything can be done from a terminal too, as the command on this page shows." } }
                    (key(credential))
                    (content)
                }
                footer.site {
                    a href="health" { "Health" }
                    a href="limits.json" { "Limits" }
                    span { "Version " (env!("CARGO_PKG_VERSION")) }
                }
            }
        }
    }
}

fn key(credential: Credential) -> Markup {
    let (label, hint) = match credential {
        Credential::None => return html! {},
        Credential::Key => {
            ("Parallel API key", "It buys what you ask for, and what you make is known as yours by it.")
        }
        Credential::Token => ("Access token", "The operator of this service gives it to you."),
    };
    html! {
        section.card.panel.key aria-label=(label) {
            label.field for="key" { (label) }
            div.line {
                input #key type="password" autocomplete="off" spellcheck="false" aria-describedby="key-hint";
                label.check { input #remember type="checkbox"; " Remember it in this browser" }
            }
            p.hint #key-hint {
                (hint) " It stays in this tab, unless it is to be remembered, and is sent nowhere else."
                @if credential == Credential::Key { " " a href="https://platform.parallel.ai" rel="noreferrer" { "Get a key" } "." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use vault::Secret;

    use super::*;

    #[test]
    fn a_key_is_asked_for_where_one_is_needed_and_no_key_is_shown() {
        let own = Access::default();
        let simulated = Access { simulated: true, ..Access::default() };
        let server_key = Some(Secret::new("server-key"));
        let tokens = Access {
            server_key: server_key.clone(),
            tokens: vec![Secret::new("token-one")],
            ..Access::default()
        };
        let local = Access { server_key, loopback: true, ..Access::default() };
        for (access, expected) in [
            (own, Credential::Key),
            (simulated, Credential::None),
            (tokens, Credential::Token),
            (local, Credential::None),
        ] {
            let credential = Credential::of(&access);
            assert_eq!(credential, expected);
            let page = shell("https://x.example", View::Task, credential, &html! {}).0;
            assert_eq!(page.contains("id=\"key\""), expected != Credential::None, "{page}");
            assert!(!page.contains("server-key") && !page.contains("token-one"));
            assert_eq!(page.contains("Get a key"), expected == Credential::Key);
        }
    }

    #[test]
    fn the_navigation_says_where_one_is() {
        let page = shell("https://x.example/prod", View::Group, Credential::None, &html! {}).0;
        assert!(page.contains("<base href=\"https://x.example/prod/\">"), "{page}");
        assert!(page.contains("<a href=\"?show=group\" aria-current=\"page\">"), "{page}");
        assert_eq!(page.matches("aria-current").count(), 1);
    }
}
