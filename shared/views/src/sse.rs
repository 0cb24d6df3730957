//! Server-sent events: frames, comments, and the position in a stream that an event's id stands for.

use std::fmt;
use std::str::FromStr;

use domain::unit::{Status, Unit};

use crate::out::Out;

/// How long a reader waits before it resumes a stream, in milliseconds.
const RETRY_MILLISECONDS: u32 = 2_000;

/// The beginning of a stream: tells the reader how long to wait before it resumes.
#[must_use]
pub fn opening() -> String {
    format!("retry: {RETRY_MILLISECONDS}\n\n")
}

/// A comment, which keeps a silent connection open.
#[must_use]
pub const fn comment() -> &'static str {
    ": still here\n\n"
}

/// Writes a whole frame. A frame without a name is a `message` to its reader; line breaks in the data stay line breaks.
pub fn frame(out: &mut Out, event: Option<&str>, id: Option<&str>, data: &str) {
    begin(out, event, id);
    text(out, data);
    end(out, None);
}

/// Begins a frame whose data follows in pieces.
pub fn begin(out: &mut Out, event: Option<&str>, id: Option<&str>) {
    if let Some(event) = event {
        out.text("event: ");
        out.text(event);
        out.text("\n");
    }
    if let Some(id) = id {
        out.text("id: ");
        out.text(id);
        out.text("\n");
    }
    out.text("data: ");
}

/// Writes a piece of a frame's data. A line break within it begins another `data` line, which its reader joins by a line break again.
pub fn text(out: &mut Out, data: &str) {
    let mut rest = data;
    while let Some(at) = rest.find(['\n', '\r']) {
        out.text(&rest[..at]);
        out.text("\ndata: ");
        let pair = rest[at..].starts_with("\r\n");
        rest = &rest[at + if pair { 2 } else { 1 }..];
    }
    out.text(rest);
}

/// Ends a frame; the id may stand here too.
pub fn end(out: &mut Out, id: Option<&str>) {
    if let Some(id) = id {
        out.text("\nid: ");
        out.text(id);
    }
    out.text("\n\n");
}

/// How much of a unit a reader of its events has seen; an event's id is its text form.
///
/// Its text is `<seq>.<n>`, where `n` stands for what changes a unit without a flush: changes from outside and its status. Within a
/// batch of row updates `.<to>.<row>` follows: the flushes up to `to` are being told, in the order of rows, and those below `row` were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Everything up to this flush was told.
    pub seq: u64,
    /// What else was told of the unit.
    pub state: u64,
    /// How far a batch of row updates has been told.
    pub within: Option<Within>,
}

/// How far a batch of row updates has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within {
    /// The batch tells of the flushes up to this one.
    pub to: u64,
    /// The first row that was not told.
    pub row: u32,
}

impl Position {
    /// Everything that there is to tell of the unit as it stands.
    #[must_use]
    pub fn of(unit: &Unit) -> Self {
        Self { seq: unit.seq, state: state(unit), within: None }
    }

    /// The position before everything.
    #[must_use]
    pub const fn start() -> Self {
        Self { seq: 0, state: 0, within: None }
    }

    /// Whether this is the end of a stream of the unit: it is over, and nothing happened since.
    #[must_use]
    pub fn is_end_of(&self, unit: &Unit) -> bool {
        unit.status.is_terminal() && *self == Self::of(unit)
    }
}

/// A number that differs whenever the unit was changed from outside, claimed first, ended, or revived.
fn state(unit: &Unit) -> u64 {
    let status = Status::ALL.iter().position(|status| *status == unit.status).unwrap_or_default();
    (unit.changes * 1_000 + u64::from(unit.round)) * 10 + status as u64 + 1
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.seq, self.state)?;
        self.within.map_or(Ok(()), |within| write!(f, ".{}.{}", within.to, within.row))
    }
}

/// The text is not the id of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAPosition;

impl FromStr for Position {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        fn number<N: FromStr>(part: Option<&str>) -> Result<N, NotAPosition> {
            part.and_then(|digits| digits.parse().ok()).ok_or(NotAPosition)
        }
        let mut parts = text.split('.');
        let (seq, state) = (number(parts.next())?, number(parts.next())?);
        let within = match parts.next() {
            None => None,
            to => Some(Within { to: number(to)?, row: number(parts.next())? }),
        };
        if parts.next().is_some() { Err(NotAPosition) } else { Ok(Self { seq, state, within }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::written;

    #[test]
    fn line_breaks_in_data_are_joined_again_by_its_reader() {
        let frame = written(|out| frame(out, Some("x"), Some("1.2"), "a\nb\r\nc\rd"));
        assert_eq!(frame, "event: x\nid: 1.2\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
    }

    #[test]
    fn a_position_survives_its_text() {
        let within = Some(Within { to: 9, row: 41 });
        for position in [Position { seq: 7, state: 12, within: None }, Position { seq: 7, state: 12, within }]
        {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        for text in ["", "1", "1.2.3", "1.2.3.4.5", "a.b", "-1.2", "[DONE]", "1.2.3.99999999999"] {
            assert_eq!(text.parse::<Position>(), Err(NotAPosition), "{text}");
        }
    }

    #[test]
    fn the_end_is_the_end_only_until_something_happens() {
        let mut unit = crate::testing::group(1);
        let before = Position::of(&unit);
        assert!(!before.is_end_of(&unit));
        unit.status = Status::Cancelled;
        assert!(!before.is_end_of(&unit));
        let end = Position::of(&unit);
        assert!(end.is_end_of(&unit));
        unit.changes += 1;
        assert!(!end.is_end_of(&unit));
    }
}
