//! Which known name was probably meant by an unknown one.

/// The known name that is nearest, if one is near.
///
/// Case and separators count for nothing; a name that holds the other one is near, and so is one that differs by a third of its letters at most.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let given = plain(name);
    if given.is_empty() || given.len() > 64 {
        return None;
    }
    let ranked = known.iter().map(|known| (distance(&given, &plain(known)), *known));
    let (apart, found) = ranked.min_by_key(|(apart, _)| *apart)?;
    if apart <= plain(found).len().max(3) / 3 {
        return Some(found);
    }
    let holds = |known: &&&str| {
        let known = plain(known);
        given.len() > 3 && known.len() > 3 && (known.contains(&given) || given.contains(&known))
    };
    known.iter().find(holds).copied()
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect()
}

/// Letters to insert, remove, replace, or swap with their neighbour, to make one name of the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (at, row) in rows.iter_mut().enumerate() {
        row[0] = at;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 7] =
        ["inputs", "output_type", "output_description", "output_schema", "processor", "limit", "webhook_url"];

    #[test]
    fn slips_and_other_habits_of_writing_find_the_name() {
        for (given, meant) in [
            ("input", Some("inputs")),
            ("outputType", Some("output_type")),
            ("output-schema", Some("output_schema")),
            ("proccessor", Some("processor")),
            ("porcessor", Some("processor")),
            ("webhook", Some("webhook_url")),
            ("schema", Some("output_schema")),
            ("limits", Some("limit")),
            ("temperature", None),
            ("x", None),
            ("", None),
            ("\u{e4}\u{f6}", None),
        ] {
            assert_eq!(nearest(given, &KNOWN), meant, "{given}");
        }
        assert_eq!(nearest(&"a".repeat(1_000_000), &KNOWN), None);
        assert_eq!(nearest("a", &[]), None);
    }
}
