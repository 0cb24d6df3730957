//! What stands for AWS: the embedded services, or an endpoint that imitates all of them.
//!
//! Owns their start, the making of tables, queues and the schedule group where they are absent, and their end.
//! Invariant: after [`Aws::start`] everything that the functions need of AWS is there, with the attributes of `template.yaml`.

use std::time::Duration;

use ambient::{Clock, Entropy};
use anyhow::Context;
use aws_config::SdkConfig;
use store::{Store, Tables};

use crate::data_dir::DataDir;
use crate::doubles::Doubles;
use crate::dynamo::Dynamo;
use crate::options::{self, Options};
use crate::queues::{self, Queues};
use crate::sdk;

/// How often the embedded DynamoDB removes what has expired.
const EXPIRY_EVERY: Duration = Duration::from_mins(1);
/// With what names begin where nobody else's are.
const PREFIX: &str = "multitask";

/// The services and what was made in them.
#[derive(Debug)]
pub(crate) struct Aws {
    pub(crate) store: Store,
    pub(crate) queues: Queues,
    pub(crate) stream_arn: String,
    /// For clients of DynamoDB and its streams.
    pub(crate) tables_at: SdkConfig,
    /// For clients of SQS and Scheduler.
    pub(crate) queues_at: SdkConfig,
    embedded: Option<Embedded>,
}

#[derive(Debug)]
struct Embedded {
    dynamo: Dynamo,
    doubles: Doubles,
}

impl Aws {
    /// Starts what is ours, and makes what is missing.
    pub(crate) async fn start(options: &Options, data: &DataDir) -> anyhow::Result<Self> {
        let (embedded, tables_at, queues_at, prefix) = match &options.aws {
            options::Aws::Embedded => {
                let embedded = embed(data, options.clock.clone(), options.entropy.clone()).await?;
                let tables_at = sdk::config(embedded.dynamo.endpoint());
                let queues_at = sdk::config(&embedded.doubles.endpoint());
                (Some(embedded), tables_at, queues_at, PREFIX)
            }
            options::Aws::Endpoint { url, prefix } => {
                (None, sdk::config(url), sdk::config(url), prefix.as_str())
            }
        };
        let tables = Tables { units: format!("{prefix}-units"), outbox: format!("{prefix}-outbox") };
        let store = Store::new(&tables_at, tables);
        store.create_tables().await.context("the tables cannot be made")?;
        let stream_arn = store.outbox_stream().await.context("the outbox cannot be described")?;
        let stream_arn = stream_arn.context("the outbox has no stream")?;
        let queues = queues::make(&queues_at, prefix).await?;
        Ok(Self { store, queues, stream_arn, tables_at, queues_at, embedded })
    }

    /// The doubles of SQS and Scheduler, where they are ours.
    pub(crate) fn doubles(&self) -> Option<&Doubles> {
        self.embedded.as_ref().map(|embedded| &embedded.doubles)
    }

    /// Ends what is ours.
    pub(crate) async fn stop(self) {
        if let Some(Embedded { dynamo, doubles }) = self.embedded {
            tokio::join!(dynamo.stop(), doubles.stop());
        }
    }
}

async fn embed(data: &DataDir, clock: Clock, entropy: Entropy) -> anyhow::Result<Embedded> {
    let dynamo = Dynamo::start(data, clock.clone(), EXPIRY_EVERY).await?;
    let doubles = Doubles::start(data, clock, entropy).await;
    let doubles = doubles.context("the queues and schedules cannot be opened")?;
    Ok(Embedded { dynamo, doubles })
}
