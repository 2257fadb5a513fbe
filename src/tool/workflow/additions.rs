//! What a request has more than the recorded one.

use super::recorded::request_of;
use super::request::AddTemporalWorkflow;
use crate::python::{MemberName, Message, Signal};
use crate::record::Record;

/// What a request has more than the recorded one.
pub(super) struct Further {
    pub(super) activities: Vec<MemberName>,
    pub(super) signals: Vec<Signal>,
    pub(super) queries: Vec<Message>,
    pub(super) updates: Vec<Message>,
    /// Whether the routes are added.
    pub(super) route: bool,
    /// Whether the workflow waits for messages, and did not before.
    pub(super) is_first_wait: bool,
    /// The last activity of the recorded request.
    pub(super) last: MemberName,
}

impl Further {
    /// What is added to the recorded request; `None` if anything else differs.
    pub(super) fn of(found: &Record, request: &AddTemporalWorkflow) -> Option<Self> {
        let old = request_of(found)?;
        let is_same = old.input == request.input
            && old.output == request.output
            && old.options == request.options
            && old.route <= request.route
            && (old.wait == request.wait || !old.members.waits());
        let (before, now) = (&old.members, &request.members);
        Some(Self {
            activities: added(before.activities(), now.activities())?,
            signals: added(before.signals(), now.signals())?,
            queries: added(before.queries(), now.queries())?,
            updates: added(before.updates(), now.updates())?,
            route: request.route && !old.route,
            is_first_wait: now.waits() && !before.waits(),
            last: before.activities().last()?.clone(),
        })
        .filter(|_| is_same)
    }
}

/// The items of a list that another one does not have; `None` if it lacks one of those, or has
/// them in another order.
fn added<T: PartialEq + Clone>(before: &[T], now: &[T]) -> Option<Vec<T>> {
    let mut new = Vec::new();
    let mut rest = before.iter().peekable();
    for item in now {
        if rest.peek() == Some(&item) {
            rest.next();
        } else {
            new.push(item.clone());
        }
    }
    rest.next().is_none().then_some(new)
}
