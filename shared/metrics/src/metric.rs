//! Everything that is counted: its name, its shape, its unit, and what it means.
//!
//! `template.yaml` shows each on the dashboard, and `docs/operating.md` says which of them to look at; a test holds the template
//! against this list, both ways. Invariant: no metric has a dimension of its own, so their number is their price.

/// How a metric is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// How often something happened since the last report. Sums over time and over processes.
    Counter,
    /// How something stands. Told again with each report of the process that it is about.
    Gauge,
    /// The sizes of many things, of which at most a hundred are told: of use for averages, percentiles and the maximum, not for sums.
    Sample,
}

/// What a metric's numbers are, in CloudWatch's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
}

impl Unit {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Bytes => "Bytes",
            Self::Milliseconds => "Milliseconds",
            Self::Seconds => "Seconds",
        }
    }
}

macro_rules! metrics {
    ($($(#[doc = $doc:literal])+ $name:ident: $shape:ident of $unit:ident;)+) => {
        /// Something that is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Metric {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Metric {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name in CloudWatch.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// How it is counted.
            #[must_use]
            pub const fn shape(self) -> Shape {
                match self {
                    $(Self::$name => Shape::$shape,)+
                }
            }

            /// What its numbers are.
            #[must_use]
            pub const fn unit(self) -> Unit {
                match self {
                    $(Self::$name => Unit::$unit,)+
                }
            }
        }
    };
}

impl Metric {
    /// Whether it says nothing of interest while nothing else is counted.
    pub(crate) const fn can_wait(self) -> bool {
        matches!(self, Self::TableRequests | Self::TableAttempts)
    }
}

metrics! {
    /// Units that the api took in.
    UnitsAccepted: Counter of Count;
    /// Rows of those units that came with them.
    RowsAccepted: Counter of Count;

    /// Units that a runner drives now. Its sum over a minute is that of all runners.
    UnitsDriven: Gauge of Count;
    /// Event streams that a runner has open upstream now.
    StreamsOpen: Gauge of Count;
    /// Streams that have no place on a connection yet.
    StreamsWaiting: Gauge of Count;
    /// Connections that streams are on.
    StreamConnections: Gauge of Count;

    /// Claims that were won.
    UnitsClaimed: Counter of Count;
    /// Messages that were for nothing: their unit was over, or has moved on.
    StaleMessages: Counter of Count;
    /// Holders that found that somebody else holds their unit, while it goes on.
    UnitsFenced: Counter of Count;
    /// Messages that running runners took up beyond the batch that they were started with.
    UnitsAdopted: Counter of Count;
    /// Messages that were passed on to running runners instead of being worked off.
    UnitsPassedOn: Counter of Count;
    /// Messages that nobody adopted, moved by the sweep back to where runners are started for them.
    UnitsMovedBack: Counter of Count;
    /// Units that left a runner early because it had few of them.
    UnitsLeftEarly: Counter of Count;
    /// Units that were handed over to another invocation, those that left early among them.
    UnitsHandedOver: Counter of Count;
    /// The most often that one of the units claimed since the last report was handed over before.
    Hops: Gauge of Count;
    /// Units that ended, in whatever way.
    UnitsEnded: Counter of Count;
    /// Units that failed as a whole, for a reason that stands in their answer.
    UnitsFailed: Counter of Count;
    /// Units that were given up because their runners died of them.
    UnitsPoisoned: Counter of Count;

    /// Purchases that the upstream answered.
    Purchases: Counter of Count;
    /// Purchases of which nobody knew whether they were made.
    PurchasesInDoubt: Counter of Count;
    /// Runs that were bought.
    RunsBought: Counter of Count;
    /// Runs stored as completed.
    RunsCompleted: Counter of Count;
    /// Runs stored as failed.
    RunsFailed: Counter of Count;
    /// Runs stored as cancelled, or as out of time.
    RunsStopped: Counter of Count;
    /// Bytes of the outputs that were stored, before they are packed.
    ResultBytes: Counter of Bytes;

    /// Flushes that were announced.
    Flushes: Counter of Count;
    /// Ends of runs in one flush.
    FlushRuns: Sample of Count;
    /// Events of a task's run in one flush.
    FlushEvents: Sample of Count;
    /// Requests that wrote the flushes of several units together.
    JointWrites: Counter of Count;
    /// Flushes in one of those requests.
    JointFlushes: Sample of Count;

    /// Write units that the tables say were used, indexes included. Writes that a condition refused are not told of by DynamoDB, and
    /// not among them.
    WriteUnits: Counter of Count;
    /// Requests to the tables.
    TableRequests: Counter of Count;
    /// Attempts that those requests took: what is beyond their number are retries.
    TableAttempts: Counter of Count;
    /// Attempts that a table refused for want of capacity.
    TableThrottles: Counter of Count;

    /// Requests to the upstream, and streams that were asked for.
    UpstreamRequests: Counter of Count;
    /// Requests that the upstream refused for their key, its credit, or its rights: 401, 402, 403.
    UpstreamRefused: Counter of Count;
    /// Requests that make no sense upstream: 404, 400, 422 and other 4xx.
    UpstreamInvalid: Counter of Count;
    /// Requests over quota: 429.
    UpstreamQuota: Counter of Count;
    /// Requests that the upstream failed: 5xx.
    UpstreamUnavailable: Counter of Count;
    /// Requests that never reached the upstream, or whose answer did not come.
    UpstreamUnreached: Counter of Count;
    /// Answers that are not what the API documents, or too large.
    UpstreamUnreadable: Counter of Count;

    /// Units that the sweep sent again.
    SweptUnits: Counter of Count;
    /// Deliveries that the sweep sent again.
    SweptDeliveries: Counter of Count;
    /// How long the unit that waits longest of those that the sweep found due has had nobody who wrote to it.
    OldestDueUnit: Gauge of Seconds;
    /// How long the delivery that waits longest of those that the sweep found due should have been attempted.
    OldestDueDelivery: Gauge of Seconds;

    /// New deliveries whose first attempt was sent.
    DeliveriesAnnounced: Counter of Count;
    /// Attempts that were made.
    Attempts: Counter of Count;
    /// Deliveries that arrived.
    DeliveriesMade: Counter of Count;
    /// Attempts that failed and are followed by another.
    AttemptsFailed: Counter of Count;
    /// Deliveries that were given up: after the last attempt, gone, refused, or disabled.
    DeliveriesGivenUp: Counter of Count;
    /// How long an attempt took.
    AttemptTime: Sample of Milliseconds;
}
