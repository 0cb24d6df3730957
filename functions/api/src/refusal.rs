//! Why a request is refused; one place decides what each reason says and with which status.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use domain::fault::Fault;
use domain::limits;
use domain::unit::Status;
use web::Problem;

/// Why a request is refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Who asks is not known, or the body cannot be read at all.
    Refused(Problem),
    /// What was sent makes no sense; with the fields that are needed and those that came, where one is missing.
    Faulty {
        /// Everything that is wrong with it.
        faults: Vec<Fault>,
        /// The fields that came, where a needed one did not.
        received: Option<Vec<String>>,
    },
    /// The only thing wrong with it is that it costs more than it may.
    TooDear(Fault),
    /// The `Idempotency-Key` was used for another request.
    KeyReused,
    /// The caller's own id names another of its tasks.
    IdReused,
    /// There is no such unit, or it was deleted.
    NoUnit,
    /// The unit's time is over.
    Expired,
    /// The unit is somebody else's.
    NotTheOwner,
    /// The unit ended otherwise before it could be cancelled.
    OverAlready(Status),
    /// No run of the unit has failed.
    NothingFailed,
    /// The unit was created too long ago to be taken up again.
    TooOld,
    /// The unit ended as a whole, with rows that nobody would expect an append to buy.
    EndedAsAWhole(Status),
    /// The unit's own list is still to be read, so the place of further rows is not known.
    ListUnread,
    /// The unit is a task, which has one input for good.
    OneInput,
    /// The unit was appended to, or taken up again, as often as that is possible.
    TooOften,
    /// The unit has told nothing by that hook.
    NoDelivery,
    /// The signing secret was sealed with another key.
    SecretUnreadable,
    /// Webhooks are signed by the operator's secret, which is nobody else's to see.
    OperatorSigns,
    /// No webhooks of the upstream are taken here.
    NoUpstreamWebhooks,
    /// A webhook is not the upstream's, or was not signed just now.
    Unverified,
    /// Nothing says under which URL this service is known.
    NoBase,
    /// A group without rows was to be created.
    NoRows,
    /// The unit moved again and again while its change was decided.
    Raced,
    /// The table cannot be used.
    Store(store::Error),
}

/// The fields that a group needs.
pub(crate) const REQUIRED: [&str; 2] = ["inputs", "output_type"];

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let days = limits::REVIVABLE.as_secs() / 86_400;
        match refusal {
            Refusal::Refused(problem) => problem,
            Refusal::Faulty { faults, received: None } => Self::unprocessable(faults),
            Refusal::Faulty { faults, received: Some(received) } => Self::unprocessable(faults)
                .with("required_fields", REQUIRED.to_vec())
                .with("received_fields", received),
            Refusal::TooDear(fault) => Self::payment_required(fault.message.clone()).with_faults(vec![fault]),
            Refusal::KeyReused => Self::conflict(
                "This Idempotency-Key was used for another request. A new request needs a key of its own.",
            ),
            Refusal::IdReused => Self::conflict(
                "This id was given to another task of yours. A new task needs an id of its own, or none.",
            ),
            Refusal::NoUnit => {
                Self::not_found("There is no task or group with this id; it may have been deleted.")
            }
            Refusal::Expired => Self::gone("It was kept for 30 days after its end, and is gone."),
            Refusal::NotTheOwner => {
                Self::forbidden("Only the owner may change this, and the key that was sent is another's.")
            }
            Refusal::OverAlready(status) => {
                Self::conflict(format!("It is over already: it is {}.", status.word()))
            }
            Refusal::NothingFailed => {
                Self::conflict("No run of it has failed so far, so there is nothing to buy again.")
            }
            Refusal::TooOld => Self::conflict(format!(
                "The group was created more than {days} days ago, and takes neither appends nor retries any more."
            )),
            Refusal::EndedAsAWhole(status) => Self::conflict(format!(
                "The group is {}, and some of its rows never had their turn. Ask for POST /{{id}}/retry first, which buys those too, \
                 and then append; or create a new group.",
                status.word()
            )),
            Refusal::ListUnread => Self::conflict(
                "The group's own list is still being read. Append when it says how many rows it has.",
            )
            .retry_after(Duration::from_secs(5)),
            Refusal::OneInput => Self::conflict(
                "A task has one input, and takes no more rows. Create another task, or a group of many.",
            ),
            Refusal::TooOften => Self::conflict(format!(
                "A group takes {} appends at most, and can be taken up again {} times.",
                limits::APPENDS,
                limits::ROUNDS
            )),
            Refusal::NoDelivery => Self::not_found(
                "Nothing was told by a hook of that name; GET /{id}/deliveries lists what was.",
            ),
            Refusal::SecretUnreadable => Self::conflict(
                "The signing secret was sealed with another sealing key and cannot be shown. \
                 POST /v1beta/webhooks/secret/rotate makes a new one.",
            ),
            Refusal::OperatorSigns => Self::conflict(
                "The operator's secret signs every webhook of this service: ask the operator for it, \
                 or give a webhook_secret of its own with each group.",
            ),
            Refusal::NoUpstreamWebhooks => Self::not_found(
                "No webhooks of the upstream are taken here: the operator has set no PARALLEL_WEBHOOK_SECRET.",
            ),
            Refusal::Unverified => Self::unauthorized(
                "The webhook is not signed by the upstream, or not within the last five minutes. Signed is webhook-id.webhook-timestamp.body \
                 with the account's secret, by the Standard Webhooks specification.",
            ),
            Refusal::NoRows => Self::unprocessable(vec![Fault::new(
                "/inputs",
                "is missing: an array of rows, or the URL of a list",
            )]),
            Refusal::Raced => Self::unavailable(
                "The group changes too fast to be changed at the moment.",
                Duration::from_secs(1),
            ),
            Refusal::Store(store::Error::Unavailable { .. }) => Self::unavailable(
                "The tables do not answer, so nothing can be accepted at the moment.",
                Duration::from_secs(5),
            ),
            Refusal::NoBase | Refusal::Store(store::Error::Corrupt { .. }) => Self::internal(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match &self {
            Self::Store(error) => tracing::error!(%error, "A request failed because of the table."),
            Self::NoBase => {
                tracing::error!("Neither PUBLIC_URL nor the gateway says what this service's URL is.");
            }
            _ => {}
        }
        Problem::from(self).into_response()
    }
}
