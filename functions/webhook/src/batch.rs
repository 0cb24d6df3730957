//! A batch whose items are worked off side by side, each by itself: neither a failure nor a panic reaches a neighbour.

use std::panic::AssertUnwindSafe;

use futures::{FutureExt, StreamExt, stream};

/// What became of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done with.
    Done,
    /// It has to come again.
    Again,
}

/// Works off all items, `at_once` at a time, and returns the names of those that have to come again.
pub(crate) async fn work_off<T, F>(
    items: impl IntoIterator<Item = (String, T)>,
    at_once: usize,
    work: impl Fn(T) -> F,
) -> Vec<String>
where
    F: Future<Output = Fate>,
{
    stream::iter(items)
        .map(|(name, item)| {
            let work = AssertUnwindSafe(work(item)).catch_unwind();
            async move {
                let fate = work.await.unwrap_or_else(|_| {
                    tracing::error!(
                        item = name,
                        "Working off an item of a batch has panicked; it comes again."
                    );
                    Fate::Again
                });
                (fate == Fate::Again).then_some(name)
            }
        })
        .buffer_unordered(at_once.max(1))
        .filter_map(std::future::ready)
        .collect()
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_and_a_failure_stay_with_their_items() {
        let items = ["a", "b", "c", "d"].map(|name| (name.to_owned(), name));
        let mut again = work_off(items, 2, |name| async move {
            assert!(name != "b", "b is poison");
            if name == "d" { Fate::Again } else { Fate::Done }
        })
        .await;
        again.sort();
        assert_eq!(again, ["b", "d"]);
    }

    #[tokio::test]
    async fn an_item_that_never_ends_does_not_keep_its_neighbours_waiting() {
        let (ended, mut seen) = tokio::sync::mpsc::unbounded_channel();
        let items = (0..101).map(|item| (item.to_string(), item));
        let work = work_off(items, 100, |item| {
            let ended = ended.clone();
            async move {
                if item == 0 {
                    std::future::pending::<()>().await;
                }
                ended.send(item).expect("somebody listens");
                Fate::Done
            }
        });
        let all_others = async {
            for _ in 1..101 {
                seen.recv().await;
            }
        };
        tokio::select! {
            _ = work => panic!("one item never ends"),
            () = all_others => {}
        }
    }
}
