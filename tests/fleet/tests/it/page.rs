//! The page for operators says what was simulated.

use fleet::operate::SIZES;

const PAGE: &str = include_str!("../../../../docs/cost.md");
const TEMPLATE: &str = include_str!("../../../../template.yaml");

#[test]
fn what_the_page_recommends_is_what_is_simulated() {
    for size in SIZES {
        assert!(PAGE.contains(&size.overrides()), "{}", size.overrides());
    }
}

#[test]
fn what_is_recommended_are_parameters_of_the_template() {
    for setting in SIZES[0].overrides().split(' ') {
        let name = setting.split('=').next().unwrap_or_default();
        assert!(TEMPLATE.contains(&format!("\n  {name}:\n")), "{name}");
    }
}
