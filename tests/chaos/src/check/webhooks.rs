//! Whether every end was told to its receiver, under one id, as often as the table says and not oftener.
//!
//! An end is told at least once: again after a failure, or where the table did not learn what came of it, always with the same id. What was
//! answered decides what must come of it: nothing follows a success that is recorded, and nothing a 410.

use std::collections::{BTreeSet, HashMap};

use super::{Fault, Faults, Kind, is_deleted};
use crate::asked::Reply;
use crate::receiver::Hit;
use crate::record::{Delivery, Record, Unit};

pub(super) fn check(unit: &Unit, record: &Record, faults: &mut Faults<'_>) {
    let hits: Vec<&Hit> = record.hits.iter().filter(|hit| hit.unit == unit.asked.name).collect();
    for hit in &hits {
        if !hit.signed || hit.body["id"] != unit.id.as_str() {
            faults.tell(Kind::Webhook, format!("{hit:?} is not signed, or not of it"));
        }
    }
    ids(&hits, faults);
    if is_deleted(unit) {
        return;
    }
    let rounds = match (&unit.asked.replies, &unit.meta) {
        (Some(_), Some(meta)) if crate::record::table::is_over(&meta.status) => meta.round + 1,
        (Some(_), _) => return,
        (None, _) => 0,
    };
    for round in 0..rounds {
        let deliveries: Vec<_> = unit.deliveries.iter().filter(|delivery| delivery.round == round).collect();
        match deliveries.as_slice() {
            [] => faults.tell(Kind::WebhookLost, format!("the end of round {round} is not to be told")),
            [delivery] => of_round(delivery, &hits, unit.retold, faults),
            more => faults.tell(Kind::WebhookTwice, format!("the end of round {round} is told by {more:?}")),
        }
    }
    let last = unit.deliveries.iter().max_by_key(|delivery| delivery.round);
    if let (Some(last), Some(meta)) = (last, &unit.meta)
        && last.moment != meta.status
    {
        faults.tell(Kind::Webhook, format!("it is {}, and {last:?} is told", meta.status));
    }
    let beyond = hits.iter().filter(|hit| hit.body["sequence"].as_u64().is_none_or(|number| number > rounds));
    for hit in beyond {
        faults.tell(Kind::WebhookTwice, format!("{hit:?} tells an end that there was not"));
    }
}

/// What its receiver got of one end.
fn of_round(delivery: &Delivery, hits: &[&Hit], retold: usize, faults: &mut Faults<'_>) {
    let hits: Vec<&&Hit> = hits.iter().filter(|hit| hit.body["sequence"] == delivery.round + 1).collect();
    if let Some(hit) = hits.iter().find(|hit| hit.body["status"] != delivery.moment.as_str()) {
        faults.tell(Kind::Webhook, format!("{hit:?} was sent for {delivery:?}"));
    }
    let answers: Vec<Reply> = hits.iter().map(|hit| hit.reply).collect();
    let taken = answers.iter().filter(|reply| matches!(reply, Reply::Status(200) | Reply::Slow(_))).count();
    let right = match delivery.state.as_str() {
        "delivered" => taken > 0,
        "gone" => answers.contains(&Reply::Status(410)),
        _ => false,
    };
    if !right || hits.len() < delivery.attempts.len() {
        faults.tell(Kind::WebhookLost, format!("{delivery:?} was answered {answers:?}"));
    }
    // What ends a delivery comes last, unless it was not recorded.
    let ends = taken + answers.iter().filter(|reply| **reply == Reply::Status(410)).count();
    if ends > 1 + retold || hits.len() > delivery.attempts.len() + retold {
        faults.tell(Kind::WebhookTwice, format!("{delivery:?} was answered {answers:?}"));
    }
}

/// One id for each end.
fn ids(hits: &[&Hit], faults: &mut Faults<'_>) {
    let mut by_end: HashMap<u64, BTreeSet<&str>> = HashMap::new();
    for hit in hits {
        by_end.entry(hit.body["sequence"].as_u64().unwrap_or(0)).or_default().insert(&hit.webhook_id);
    }
    for (sequence, ids) in by_end.iter().filter(|(_, ids)| ids.len() > 1) {
        faults.tell(Kind::WebhookTwice, format!("its end {sequence} came under {ids:?}"));
    }
}

/// Ids that more than one end has, and webhooks for nobody.
pub(super) fn strangers(record: &Record) -> Vec<Fault> {
    let mut ends: HashMap<&str, BTreeSet<(&str, u64)>> = HashMap::new();
    for hit in &record.hits {
        let end = (hit.unit.as_str(), hit.body["sequence"].as_u64().unwrap_or(0));
        ends.entry(&hit.webhook_id).or_default().insert(end);
    }
    let shared = ends.iter().filter(|(_, ends)| ends.len() > 1).map(|(id, ends)| Fault {
        kind: Kind::Webhook,
        unit: (*id).to_owned(),
        found: format!("the same id for {ends:?}"),
    });
    let known: BTreeSet<&str> = record.units.iter().map(|unit| unit.asked.name.as_str()).collect();
    let strangers = record.hits.iter().filter(|hit| !known.contains(hit.unit.as_str())).map(|hit| Fault {
        kind: Kind::Webhook,
        unit: hit.unit.clone(),
        found: format!("{hit:?} is for nobody"),
    });
    shared.chain(strangers).collect()
}
