//! What requests to the tables cost, counted from the answers themselves.
//!
//! Every write asks DynamoDB for the write units that it used, which costs nothing; so no method has to remember it, and none has to guess
//! them from the size of an item. Writes that a condition refused use units too, of which DynamoDB does not tell.
//! Invariant: counting changes nothing about a request but that question.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemInput, DeleteItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use metrics::{Metric, Metrics};

use crate::Store;

/// What an answer says where a table has no capacity left for it.
const THROTTLED: [&[u8]; 4] =
    [b"ProvisionedThroughputExceeded", b"ThrottlingException", b"ThrottlingError", b"RequestLimitExceeded"];

impl Store {
    /// The same tables by the same connections, with what they cost counted here.
    #[must_use]
    pub fn measured(self, metrics: &Metrics) -> Self {
        let config = self.client.config().to_builder().interceptor(Measure(metrics.clone())).build();
        Self { client: Client::from_conf(config), ..self }
    }
}

#[derive(Debug)]
struct Measure(Metrics);

impl Intercept for Measure {
    fn name(&self) -> &'static str {
        "what requests cost"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        let asked = Some(ReturnConsumedCapacity::Total);
        if let Some(put) = input.downcast_mut::<PutItemInput>() {
            put.return_consumed_capacity = asked;
        } else if let Some(update) = input.downcast_mut::<UpdateItemInput>() {
            update.return_consumed_capacity = asked;
        } else if let Some(delete) = input.downcast_mut::<DeleteItemInput>() {
            delete.return_consumed_capacity = asked;
        } else if let Some(batch) = input.downcast_mut::<BatchWriteItemInput>() {
            batch.return_consumed_capacity = asked;
        } else if let Some(transaction) = input.downcast_mut::<TransactWriteItemsInput>() {
            transaction.return_consumed_capacity = asked;
        }
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.count(Metric::TableAttempts);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let failed = context.response().filter(|response| !response.status().is_success());
        let said = failed.and_then(|response| response.body().bytes());
        let holds = |said: &[u8], code: &[u8]| said.windows(code.len()).any(|part| part == code);
        if said.is_some_and(|said| THROTTLED.iter().any(|code| holds(said, code))) {
            self.0.count(Metric::TableThrottles);
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.count(Metric::TableRequests);
        let Some(Ok(output)) = context.output_or_error() else { return Ok(()) };
        let used: f64 = if let Some(put) = output.downcast_ref::<PutItemOutput>() {
            units(put.consumed_capacity())
        } else if let Some(update) = output.downcast_ref::<UpdateItemOutput>() {
            units(update.consumed_capacity())
        } else if let Some(delete) = output.downcast_ref::<DeleteItemOutput>() {
            units(delete.consumed_capacity())
        } else if let Some(batch) = output.downcast_ref::<BatchWriteItemOutput>() {
            units(batch.consumed_capacity())
        } else if let Some(transaction) = output.downcast_ref::<TransactWriteItemsOutput>() {
            units(transaction.consumed_capacity())
        } else {
            0.0
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "units are whole and few"
        )]
        self.0.add(Metric::WriteUnits, used.round() as u64);
        Ok(())
    }
}

fn units<'a>(tables: impl IntoIterator<Item = &'a ConsumedCapacity>) -> f64 {
    tables.into_iter().filter_map(ConsumedCapacity::capacity_units).sum()
}
