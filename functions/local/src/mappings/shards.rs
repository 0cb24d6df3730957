//! The shards of a stream: which there are, and which may be read.
//!
//! A shard that came out of a split is read when its parent has been read to its end, so that changes of one item stay in order.
//! Invariant: each shard is given out once.

use std::collections::HashSet;

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::error::DisplayErrorContext;
use aws_sdk_dynamodbstreams::types::Shard;

/// Which shards of a stream have been given out, and which are finished.
#[derive(Debug, Default)]
pub(super) struct Shards {
    given: HashSet<String>,
    finished: HashSet<String>,
}

impl Shards {
    /// The shards among `present` that can be read now and have not been given out.
    pub(super) fn ready(&mut self, present: &[Shard]) -> Vec<String> {
        let ids: HashSet<_> = present.iter().filter_map(Shard::shard_id).collect();
        let free = |shard: &&Shard| {
            shard
                .parent_shard_id()
                .is_none_or(|parent| !ids.contains(parent) || self.finished.contains(parent))
        };
        let free: Vec<_> =
            present.iter().filter(free).filter_map(Shard::shard_id).map(str::to_owned).collect();
        free.into_iter().filter(|id| self.given.insert(id.clone())).collect()
    }

    /// Notes that a shard was read to its end.
    pub(super) fn finish(&mut self, shard: String) {
        self.finished.insert(shard);
    }
}

/// All shards of the stream.
pub(super) async fn list(client: &Client, stream_arn: &str) -> Result<Vec<Shard>, String> {
    let (mut shards, mut after) = (Vec::new(), None);
    loop {
        let request = client.describe_stream().stream_arn(stream_arn).set_exclusive_start_shard_id(after);
        let answer = request.send().await.map_err(|error| DisplayErrorContext(error).to_string())?;
        let Some(description) = answer.stream_description else { return Ok(shards) };
        shards.extend(description.shards.unwrap_or_default());
        after = description.last_evaluated_shard_id;
        if after.is_none() {
            return Ok(shards);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(id: &str, parent: Option<&str>) -> Shard {
        Shard::builder().shard_id(id).set_parent_shard_id(parent.map(str::to_owned)).build()
    }

    #[test]
    fn a_child_waits_for_its_parent_unless_that_is_gone() {
        let mut shards = Shards::default();
        let present = [shard("a", None), shard("b", Some("a")), shard("c", Some("trimmed"))];
        assert_eq!(shards.ready(&present), ["a", "c"]);
        assert!(shards.ready(&present).is_empty());
        shards.finish("a".into());
        assert_eq!(shards.ready(&present), ["b"]);
    }
}
