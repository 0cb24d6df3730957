//! Whether the process is about to end: then every unit is handed over as if its slice ended now, and none is taken up any more.
//!
//! Only a process that is asked to end has this; an invocation on Lambda ends by its deadline. Invariant: once asked, for ever.

use tokio::sync::watch;

use crate::Runner;

/// Who asks and who listens.
#[derive(Debug, Default)]
pub(crate) struct Stopping(watch::Sender<bool>);

impl Stopping {
    /// Whether it was asked for.
    pub(crate) fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once it is asked for.
    pub(crate) async fn asked(&self) {
        // The sender lives as long as whoever waits here.
        let _ = self.0.subscribe().wait_for(|asked| *asked).await;
    }
}

impl Runner {
    /// Has everything under way handed over, and leaves new messages where they are. Returns at once; invocations end by themselves.
    pub fn stop(&self) {
        self.stopping.0.send_replace(true);
    }
}
