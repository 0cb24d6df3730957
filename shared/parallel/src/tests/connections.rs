//! Streams and requests spread over connections, on good days and bad ones.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{FutureExt, join_all};

use super::house::House;
use crate::{Client, Event, EventStream, Key, Kind, Load, Protocol};

const EVENT: &str = "data: {\"type\":\"ping\"}\n\n";

fn key() -> Key {
    Key::new("k")
}

async fn open(client: &Client, many: usize) -> Vec<EventStream> {
    let one = || async { client.group_events(&key(), "g", None).await.unwrap() };
    join_all((0..many).map(|_| one())).await
}

/// Returns once the streams stand so.
async fn until(client: &Client, wanted: impl Fn(Load) -> bool) {
    while !wanted(client.connections().streams) {
        tokio::task::yield_now().await;
    }
}

async fn hears(stream: &mut EventStream) -> bool {
    matches!(stream.next().await, Some(Ok(Event::Other { kind, .. })) if kind == "ping")
}

#[tokio::test]
async fn streams_are_spread_over_as_many_connections_as_the_server_wants() {
    for (allowed, spread) in [(100, vec![100, 100, 50]), (10, vec![10; 25]), (u32::MAX, vec![100, 100, 50])] {
        let house = House::start(allowed).await;
        let client = house.client(Protocol::Http2PriorKnowledge, |_| {});
        let mut streams = open(&client, 250).await;
        assert_eq!(house.spread(), spread, "{allowed} allowed");
        let load = Load { open: 250, opening: 0, waiting: 0, lanes: spread.len() };
        assert_eq!(client.connections().streams, load);
        house.say(EVENT).await;
        for stream in &mut streams {
            assert!(hears(stream).await);
        }
        drop(streams);
        until(&client, |load| load.open == 0).await;
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_ends_its_streams_and_no_other() {
    let house = House::start(10).await;
    let client = house.client(Protocol::Http2PriorKnowledge, |_| {});
    let mut streams = open(&client, 15).await;
    let full = house.connections().into_iter().find(|connection| connection.streams() == 10).unwrap();
    full.cut.notify_one();
    until(&client, |load| load.lanes == 1).await;
    house.say(EVENT).await;
    let mut cut = 0;
    for stream in &mut streams {
        match stream.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) if error.kind == Kind::Lost => cut += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(cut, 10);
    drop(streams);
    let again = open(&client, 15).await;
    assert_eq!((again.len(), house.spread()), (15, vec![10, 5]), "the whole one first");
}

#[tokio::test]
async fn a_connection_that_says_that_it_leaves_keeps_its_streams_and_gets_no_new_ones() {
    let house = House::start(100).await;
    let client = house.client(Protocol::Http2PriorKnowledge, |_| {});
    let mut before = open(&client, 3).await;
    house.connections()[0].leave.notify_one();
    until(&client, |load| load.lanes == 0).await;
    let mut after = open(&client, 2).await;
    assert_eq!(house.spread(), [3, 2]);
    house.say(EVENT).await;
    for stream in before.iter_mut().chain(&mut after) {
        assert!(hears(stream).await);
    }
}

#[tokio::test]
async fn over_http1_those_above_the_cap_wait_are_counted_and_come_in_their_turn() {
    let house = House::start(1).await;
    let client = house.client(Protocol::Http1, |settings| settings.connections = Some(5));
    let mut streams = open(&client, 5).await;
    let mut waiting = Vec::new();
    for n in 1..=3 {
        let another = client.clone();
        waiting.push(tokio::spawn(async move { another.group_events(&key(), "g", None).await.unwrap() }));
        until(&client, |load| load.waiting == n).await;
    }
    assert_eq!(client.connections().streams, Load { open: 5, opening: 0, waiting: 3, lanes: 5 });
    // What is no stream goes on meanwhile.
    assert_eq!(client.run(&key(), "r").await.unwrap().run_id, "r");
    for (left, task) in [2, 1, 0].into_iter().zip(waiting) {
        streams.remove(0);
        streams.push(task.await.unwrap());
        assert_eq!(client.connections().streams, Load { open: 5, opening: 0, waiting: left, lanes: 5 });
    }
    house.say(EVENT).await;
    for stream in &mut streams {
        assert!(hears(stream).await);
    }
}

#[tokio::test]
async fn who_stops_waiting_leaves_the_line() {
    let house = House::start(1).await;
    let client = house.client(Protocol::Http1, |settings| settings.connections = Some(1));
    let streams = open(&client, 1).await;
    let key = key();
    let mut impatient = Box::pin(client.group_events(&key, "g", None));
    assert!(impatient.as_mut().now_or_never().is_none());
    assert_eq!(client.connections().streams.waiting, 1);
    drop(impatient);
    assert_eq!(client.connections().streams.waiting, 0);
    drop(streams);
    assert_eq!(open(&client, 1).await.len(), 1);
}

#[tokio::test]
async fn where_connections_are_short_the_stream_of_a_run_makes_room_for_that_of_a_group() {
    let house = House::start(1).await;
    let client = house.client(Protocol::Http1, |settings| settings.connections = Some(2));
    let mut older = client.run_events(&key(), "a").await.unwrap();
    let mut younger = client.run_events(&key(), "b").await.unwrap();
    let of_group = tokio::spawn({
        let client = client.clone();
        async move { client.group_events(&key(), "g", None).await.unwrap() }
    });
    assert_eq!(younger.next().await.unwrap().unwrap_err().kind, Kind::Lost);
    drop(younger);
    let mut of_group = of_group.await.unwrap();
    house.say(EVENT).await;
    assert!(hears(&mut older).await && hears(&mut of_group).await);
}

#[tokio::test]
async fn a_connection_that_gives_no_answer_is_left_and_another_tried() {
    let house = House::muted(10, 1).await;
    let client = house.client(Protocol::Http2PriorKnowledge, |settings| {
        settings.patience = Duration::from_millis(20);
    });
    let streams = open(&client, 3).await;
    assert_eq!((streams.len(), house.spread()), (3, vec![3]));
    until(&client, |load| load.lanes == 1).await;
}

#[tokio::test]
async fn over_tls_http2_is_spoken_where_it_is_offered_and_http1_where_not() {
    for (offers, protocol, is_http2, lanes) in [
        (&["h2", "http/1.1"][..], Protocol::Auto, true, 1),
        (&["http/1.1"], Protocol::Auto, false, 4),
        (&[], Protocol::Auto, false, 4),
        (&["h2", "http/1.1"], Protocol::Http1, false, 4),
    ] {
        let house = House::secure(100, offers).await;
        let client = house.secure_client(protocol);
        let mut streams = open(&client, 4).await;
        assert_eq!(client.connections().streams.lanes, lanes, "{offers:?}");
        assert!(
            house.connections().iter().all(|c| c.streams() == 0 || *c.is_http2.lock().unwrap() == is_http2)
        );
        assert_eq!(client.run(&key(), "r").await.unwrap().run_id, "r");
        house.say(EVENT).await;
        for stream in &mut streams {
            assert!(hears(stream).await);
        }
    }
}

#[tokio::test]
async fn a_server_that_nobody_trusts_is_not_spoken_to() {
    let house = House::secure(100, &["h2"]).await;
    let base = format!("https://localhost:{}", house.address.port()).parse().unwrap();
    let client = Client::new(crate::Settings::new(base)).unwrap();
    assert_eq!(client.run(&key(), "r").await.unwrap_err().kind, Kind::NotSent);
    assert_eq!(client.group_events(&key(), "g", None).await.unwrap_err().kind, Kind::NotSent);
}

#[tokio::test]
async fn ordinary_requests_share_few_connections_and_use_them_again() {
    for (protocol, most) in [(Protocol::Http2PriorKnowledge, 2), (Protocol::Http1, 64)] {
        let house = House::start(100).await;
        let client = house.client(protocol, |_| {});
        for _ in 0..3 {
            let asked = join_all((0..64).map(|_| async { client.run(&key(), "r").await.unwrap() })).await;
            assert_eq!(asked.len(), 64);
        }
        assert!(house.connections().len() <= most, "{protocol:?}: {}", house.connections().len());
        assert_eq!(client.connections().requests.waiting, 0);
    }
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_meanwhile_costs_no_request() {
    for protocol in [Protocol::Http2PriorKnowledge, Protocol::Http1] {
        let house = House::start(100).await;
        let client = house.client(protocol, |_| {});
        for n in 1..=3 {
            assert_eq!(client.run(&key(), "r").await.unwrap().run_id, "r", "{protocol:?}");
            let connection: Arc<_> = house.connections().pop().unwrap();
            assert_eq!(house.connections().len(), n);
            connection.cut.notify_one();
            while client.connections().requests.lanes > 0 {
                tokio::task::yield_now().await;
            }
        }
    }
}
