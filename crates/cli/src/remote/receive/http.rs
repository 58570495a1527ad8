//! Taking messages over HTTP: look, then remove. Whoever removes a message has it; there is no
//! acknowledgement after the printing.

use super::super::jolokia::Beans;
use super::super::messages::{body, list};
use super::super::text::{clean, field};
use super::super::{Print, RemoteError, pause, written};
use super::{ROUND, Wait, Wish, printable};
use serde_json::{Value, json};

/// Takes text messages, oldest first; returns how many.
pub(super) fn take(
    beans: &Beans<'_>,
    wish: &Wish<'_>,
    print: Print<'_>,
) -> Result<u64, RemoteError> {
    if !wish.place.is_queue {
        let reason = "a topic keeps no messages, and the broker has no STOMP connector that can \
                      be reached; name a queue"
            .to_owned();
        return Err(RemoteError::Usage { reason });
    }
    let mut taken = 0;
    let mut rounds = 0_u64;
    while taken < wish.most {
        let before = taken;
        if wish.wait == Wait::No || beans.queue_size(wish.place)? > 0 {
            for message in list(beans, wish.place, wish.selector)? {
                if taken == wish.most {
                    break;
                }
                if remove(beans, wish, &message)? {
                    taken += 1;
                    shown(wish, &message, &mut *print)?;
                    pause(wish.pause);
                }
            }
        }
        if taken > before {
            rounds = 0;
            continue;
        }
        rounds += 1;
        match wish.wait {
            Wait::No => break,
            Wait::Rounds(most) if rounds >= most => break,
            Wait::Rounds(_) | Wait::Ever => pause(ROUND),
        }
    }
    Ok(taken)
}

/// Whether it was still there: a consumer may have been faster.
fn remove(beans: &Beans<'_>, wish: &Wish<'_>, message: &Value) -> Result<bool, RemoteError> {
    let id = field(message, "JMSMessageID");
    // Others are not shown as a whole.
    if !message.get("Text").is_some_and(Value::is_string) {
        let reason = format!("message {} is no text; use a client", clean(&id));
        return Err(RemoteError::Undone { reason });
    }
    let mbean = beans.name_of(wish.place);
    let remove = (&*mbean, "removeMessage(java.lang.String)");
    Ok(beans.exec(remove, &json!([id]))? == Value::Bool(true))
}

fn shown(wish: &Wish<'_>, message: &Value, print: Print<'_>) -> Result<(), RemoteError> {
    match wish.json {
        true => written(print, &format!("{message}\n")),
        false => written(print, &printable(&body(message))),
    }
}
