//! Options of a unit that stand alone: its webhook, its cache.

use domain::fault::join;
use domain::group::Webhook;
use domain::limits::CACHE_AGE;
use vault::webhook::SigningSecret;

use super::Fields;

/// Whom to tell at the end, and what signs it instead of the owner's secret.
pub(super) fn webhook(fields: &mut Fields) -> (Option<Webhook>, Option<SigningSecret>) {
    let url = fields.text("webhook_url").map(|url| url.trim().to_owned());
    if fields.is_query("webhook_secret") {
        fields.fault("/webhook_secret", "a secret does not belong into a URL: send a JSON body");
    }
    let secret = fields.text("webhook_secret").and_then(|text| {
        let parsed = text.trim().parse::<SigningSecret>();
        parsed.map_err(|error| fields.fault("/webhook_secret", error.to_string())).ok()
    });
    if secret.is_some() && url.is_none() {
        fields.fault("/webhook_secret", "goes with a webhook_url, which is missing");
    }
    (url.map(|url| Webhook { url, sealed_secret: None }), secret)
}

/// How old an identical run's result may be, in hours.
pub(super) fn cache(fields: &mut Fields) -> Option<u32> {
    let cache = fields.object("cache")?;
    let most = u32::try_from(CACHE_AGE.as_secs() / 3_600).unwrap_or(u32::MAX);
    let mut hours = None;
    for (name, value) in &cache {
        if name == "max_age_hours" {
            let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
            hours = number
                .and_then(|number| u32::try_from(number).ok())
                .filter(|hours| (1..=most).contains(hours));
        } else {
            fields.fault(join("/cache", name), "is not a known field; is max_age_hours meant?");
        }
    }
    if hours.is_none() {
        fields.fault("/cache/max_age_hours", format!("must be a whole number from 1 to {most}"));
    }
    hours
}
