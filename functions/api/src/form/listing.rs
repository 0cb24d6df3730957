//! The query of a list: which of an owner's units, from where on, and how many.

use domain::fault::Fault;
use domain::limits::LIST_PAGE;
use domain::unit::{Kind, Status};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use store::Summary;

use super::Fields;

/// The queue that everything is in.
const QUEUE: &str = "default";
/// Digits of the time with which a cursor begins.
const CURSOR_DIGITS: usize = 17;

/// A page of a list, as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Listing {
    /// Units on the page.
    pub(crate) limit: usize,
    /// The last unit of the page before.
    pub(crate) cursor: Option<String>,
    /// When they were created.
    pub(crate) created: std::ops::Range<Timestamp>,
    /// Which of them.
    pub(crate) filter: Filter,
    /// Whether the bare array is wanted.
    pub(crate) is_array: bool,
}

/// Which list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    /// Groups alone.
    Groups,
    /// All kinds of units, of which the query may name one.
    All,
}

/// What a unit must be to be listed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Filter {
    kind: Option<Kind>,
    /// Whether a queue or a type is wanted that nothing has.
    is_nothing: bool,
    status: Option<Status>,
    processor: Option<String>,
    output_type: Option<String>,
    metadata: Map<String, Value>,
    text: Option<String>,
}

/// Words of a status, those of other systems included.
const WORDS: [(&str, Status); 13] = [
    ("pending", Status::Pending),
    ("queued", Status::Pending),
    ("waiting", Status::Pending),
    ("running", Status::Running),
    ("active", Status::Running),
    ("processing", Status::Running),
    ("completed", Status::Completed),
    ("partial", Status::Partial),
    ("failed", Status::Failed),
    ("cancelled", Status::Cancelled),
    ("canceled", Status::Cancelled),
    ("timed_out", Status::TimedOut),
    ("timeout", Status::TimedOut),
];

/// Reads the query of a list.
pub(crate) fn listing(query: &str, listed: Listed) -> Result<Listing, Vec<Fault>> {
    let mut fields = Fields::of_query(query);
    let (mut kind, mut is_array, mut is_nothing) = (Some(Kind::Group), false, false);
    if listed == Listed::All {
        kind = fields.word("kind", &[("task", Kind::Task), ("group", Kind::Group)]);
        is_array = fields.word("format", &[("array", true), ("object", false)]).unwrap_or(false);
        let queue = fields.text("queue").is_some_and(|queue| queue.trim() != QUEUE);
        let of_type = fields.text("type").map(|kind| of_type(kind.trim()));
        is_nothing =
            queue || of_type == Some(None) || of_type.flatten().zip(kind).is_some_and(|(a, b)| a != b);
        kind = kind.or(of_type.flatten());
    }
    let limit = fields.whole("limit", 1..=LIST_PAGE as u64);
    let cursor = fields.text("cursor");
    let from = time(&mut fields, "from").unwrap_or(Timestamp::UNIX_EPOCH);
    let to = time(&mut fields, "to").unwrap_or(Timestamp::MAX);
    let filter = Filter {
        kind,
        is_nothing,
        status: fields.word("status", &WORDS),
        processor: fields.text("processor"),
        output_type: fields.text("output_type"),
        metadata: fields.object("metadata").unwrap_or_default(),
        text: fields.text("q").map(|text| text.to_lowercase()),
    };
    if cursor.as_deref().is_some_and(|cursor| !is_cursor(cursor)) {
        fields.fault("/cursor", "is not one that a list gave as its next_cursor");
    }
    if from > to {
        fields.fault("/from", "lies after to");
    }
    let faults = fields.finish();
    if !faults.is_empty() {
        return Err(faults);
    }
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIST_PAGE);
    Ok(Listing { limit, cursor, created: from..to, filter, is_array })
}

/// The kind of units whose type has this name, as lists show it.
fn of_type(name: &str) -> Option<Kind> {
    [Kind::Task, Kind::Group].into_iter().find(|kind| views::type_of(*kind) == name)
}

/// A time, or the beginning of a day in UTC.
fn time(fields: &mut Fields, name: &'static str) -> Option<Timestamp> {
    let text = fields.text(name)?;
    let day = || TimeZone::UTC.to_timestamp(text.parse::<Date>().ok()?.at(0, 0, 0, 0)).ok();
    let time = text.parse().ok().or_else(day);
    if time.is_none() {
        fields.fault(
            format!("/{name}"),
            "must be a time as in 2026-01-31T12:00:00Z, or a day as in 2026-01-31",
        );
    }
    time
}

fn is_cursor(text: &str) -> bool {
    let Some((time, id)) = text.split_once('#') else { return false };
    time.len() == CURSOR_DIGITS
        && time.bytes().all(|byte| byte.is_ascii_digit())
        && id.parse::<domain::UnitId>().is_ok()
}

impl Listing {
    /// Whether nothing can be listed: the cursor stands before everything that is asked for.
    pub(crate) fn is_over(&self) -> bool {
        let begins = self.created.start.as_microsecond().max(0);
        let stands =
            self.cursor.as_deref().and_then(|cursor| cursor.get(..CURSOR_DIGITS)?.parse::<i64>().ok());
        stands.is_some_and(|stands| stands < begins)
    }
}

impl Filter {
    /// Whether a unit is one of those that are wanted.
    pub(crate) fn admits(&self, unit: &Summary) -> bool {
        let fits = |wanted: &Option<String>, value: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| value == Some(wanted))
        };
        !self.is_nothing
            && self.kind.is_none_or(|kind| kind == unit.kind)
            && self.status.is_none_or(|status| status == unit.status)
            && fits(&self.processor, unit.processor.as_deref())
            && fits(&self.output_type, Some(&unit.output_type))
            && self.metadata.iter().all(|(name, wanted)| {
                unit.metadata.get(name).is_some_and(|value| plain(value) == plain(wanted))
            })
            && self.text.as_deref().is_none_or(|text| holds(unit, text))
    }
}

fn holds(unit: &Summary, text: &str) -> bool {
    unit.id.as_str().contains(text)
        || unit.preview.as_deref().is_some_and(|preview| preview.to_lowercase().contains(text))
        || unit.metadata.iter().any(|(name, value)| {
            name.to_lowercase().contains(text) || plain(value).to_lowercase().contains(text)
        })
}

/// A value as it would stand in a query.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use domain::UnitId;
    use domain::run::Counts;
    use serde_json::json;

    use super::*;

    fn summary() -> Summary {
        let metadata = json!({"batch_id": "b1", "n": 7});
        Summary {
            id: UnitId::from_bits([0; 16]),
            kind: Kind::Group,
            status: Status::Running,
            counts: Counts::default(),
            created_at: Timestamp::UNIX_EPOCH,
            completed_at: None,
            expires_at: Timestamp::MAX,
            processor: Some("core".to_owned()),
            metadata: metadata.as_object().expect("an object").clone(),
            output_type: "json".to_owned(),
            preview: Some("Who leads ACME?".to_owned()),
            visibility: domain::unit::Visibility::Link,
            cursor: String::new(),
        }
    }

    #[test]
    fn each_filter_admits_what_it_names_and_nothing_else() {
        for (query, admitted) in [
            ("", true),
            ("status=running", true),
            ("status=active", true),
            ("status=waiting", false),
            ("processor=core", true),
            ("processor=pro", false),
            ("output_type=json", true),
            ("metadata.batch_id=b1", true),
            ("metadata.batch_id=b1&metadata.n=7", true),
            ("metadata.batch_id=b2", false),
            ("metadata.none=b1", false),
            ("q=B1", true),
            ("q=Batch", true),
            ("q=aaaa", true),
            ("q=zzz", false),
            ("q=acme", true),
            ("kind=group", true),
            ("kind=task", false),
            ("type=parallel.group", true),
            ("type=parallel.task", false),
            ("type=openai.chat", false),
            ("type=parallel.group&kind=task", false),
            ("queue=default", true),
            ("queue=gpu", false),
        ] {
            let listing = listing(query, Listed::All).unwrap_or_else(|faults| panic!("{query}: {faults:?}"));
            assert_eq!(listing.filter.admits(&summary()), admitted, "{query}");
        }
    }

    #[test]
    fn every_fault_of_a_query_is_told() {
        let faults =
            listing("limit=101&status=lost&from=2026-02-30&cursor=x&stauts=1&to=1969-01-01", Listed::All)
                .expect_err("faults");
        let mut places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        places.sort_unstable();
        assert_eq!(places, ["/cursor", "/from", "/from", "/limit", "/status", "/stauts"]);
    }

    #[test]
    fn days_and_times_bound_a_list_and_a_cursor_before_them_ends_it() {
        let listing =
            listing("from=2026-01-31&to=2026-02-01T00:00:00Z&limit=100", Listed::Groups).expect("a list");
        assert_eq!(listing.created.end.duration_since(listing.created.start).as_hours(), 24);
        assert_eq!((listing.limit, listing.is_over()), (100, false));
        let id = UnitId::from_bits([0; 16]);
        let before = Listing { cursor: Some(format!("{:017}#{id}", 5)), ..listing };
        assert!(before.is_over());
    }
}
