//! Single writes that meet a transaction under way: nothing is wrong with them, so they are tried again.
//!
//! The SDK takes `TransactionConflictException` for the caller's fault. Here it is nobody's: an outside change is a transaction on the
//! item that a holder writes all the time. [`Store::transact`](crate::Store) does the same for conflicts between transactions.

use aws_sdk_dynamodb::config::interceptors::InterceptorContext;
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction};

const CONFLICT: &[u8] = b"TransactionConflictException";

/// Has the SDK try again what met a transaction.
#[derive(Debug)]
pub(crate) struct Conflicts;

impl ClassifyRetry for Conflicts {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let body = context.response().and_then(|response| response.body().bytes());
        let met = body.is_some_and(|body| body.windows(CONFLICT.len()).any(|part| part == CONFLICT));
        let failed = context.response().is_some_and(|response| !response.status().is_success());
        if failed && met { RetryAction::transient_error() } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "transaction conflicts"
    }
}
