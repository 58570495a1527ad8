//! Undo of the removal of a durable subscription: it is made again as it was, or found again if
//! its client has made it meanwhile, and gets its messages back.
//!
//! What was published while it was away did not come to it and does not come later. Invariant: a
//! subscription that is another one by now gets nothing of the old one.

use super::{UndoError, UndoToken, What};
use crate::broker::Broker;
use crate::queue::Queue;
use crate::recover::DurableNote;
use crate::registry::Earlier;
use crate::topic::Subscription;
use crate::turn::Turn;
use std::sync::Arc;

impl Broker {
    /// Remembers a durable subscription that is removed next in this turn.
    pub(crate) fn undo_of_durable(
        &self,
        subscription: &Subscription,
        turn: &mut Turn<'_>,
    ) -> Option<UndoToken> {
        let what = What::Durable(Arc::new(subscription.note()?));
        self.undo_of_all(&subscription.queue, what, turn)
    }

    /// The queue of the subscription that was removed, which is there again after this.
    pub(super) fn subscription_again(
        &self,
        note: &DurableNote,
        turn: &mut Turn<'_>,
    ) -> Result<Arc<Queue>, UndoError> {
        let _changing = self.durables_changing.lock();
        let key = (Arc::clone(&note.client_id), Arc::clone(&note.name));
        let existing = self.durables.lock().get(&key).map(Arc::clone);
        match existing {
            Some(subscription) if subscription.is_as(note) => Ok(Arc::clone(&subscription.queue)),
            Some(_) => Err(UndoError::Replaced {
                client_id: Arc::clone(&note.client_id),
                name: Arc::clone(&note.name),
            }),
            None => {
                // It has seen already what its topic would give a new one.
                let made = self.make_durable(note, Earlier::Unwanted, turn);
                let (subscription, _) = made.map_err(UndoError::Refused)?;
                Ok(Arc::clone(&subscription.queue))
            }
        }
    }
}
