//! Reads the history of an execution: whether it has ended, why it failed, its last events.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::one_line;
use crate::process::last;

/// An event of a history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Event {
    /// Its number.
    pub id: u64,
    /// Its type, as the web UI names it.
    pub kind: String,
    /// The activity, timer, signal, update or failure that it is about.
    pub about: Option<String>,
}

/// Where an execution is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Completed,
    /// It has ended otherwise, or cannot go on, with the reason.
    Failed(String),
}

/// The number of events that are reported.
const LAST_EVENTS: usize = 10;

/// The state of an execution, from its history as Temporal's command line prints it.
pub(super) fn state(history: &Value, service: &Path) -> State {
    let events = events(history);
    let Some(latest) = events.last() else {
        return State::Running;
    };
    let failure = |event: &Value| cause(&attributes(event)["failure"], service);
    match kind(latest).as_str() {
        "WorkflowExecutionCompleted" | "WorkflowExecutionContinuedAsNew" => State::Completed,
        "WorkflowExecutionFailed" => State::Failed(failure(latest)),
        "WorkflowExecutionTimedOut" => State::Failed("its execution timeout is over".to_owned()),
        "WorkflowExecutionCanceled" => State::Failed("it was cancelled".to_owned()),
        "WorkflowExecutionTerminated" => State::Failed("it was terminated".to_owned()),
        "WorkflowTaskFailed" => {
            // A message that arrives meanwhile fails a task, which is then repeated.
            let cause = attributes(latest)["cause"].as_str().unwrap_or_default();
            if cause.ends_with("UNHANDLED_COMMAND") {
                State::Running
            } else {
                State::Failed(failure(latest))
            }
        }
        _ => State::Running,
    }
}

/// The last events of a history.
pub(super) fn last_events(history: &Value, service: &Path) -> Vec<Event> {
    let events = events(history);
    last(events, LAST_EVENTS)
        .iter()
        .map(|event| {
            let attributes = attributes(event);
            let named = [
                &attributes["activityType"]["name"],
                &attributes["signalName"],
                &attributes["workflowType"]["name"],
                &attributes["acceptedRequest"]["input"]["name"],
            ];
            let named = named.into_iter().find_map(Value::as_str).map(str::to_owned);
            let failure = &attributes["failure"];
            let failure = (!failure.is_null()).then(|| cause(failure, service));
            let timer = attributes["startToFireTimeout"].as_str().map(str::to_owned);
            Event {
                id: number(&event["eventId"]),
                kind: kind(event),
                about: failure.or(named).or(timer),
            }
        })
        .collect()
}

/// The last failure of an activity that has failed at least so many times, from the
/// description of an execution.
pub(super) fn failing_activity(
    description: &Value,
    attempts: u64,
    service: &Path,
) -> Option<String> {
    let pending = description["pendingActivities"].as_array()?;
    pending.iter().find_map(|activity| {
        let failure = &activity["lastFailure"];
        let has_failed = !failure.is_null() && number(&activity["attempt"]) > attempts;
        has_failed.then(|| {
            let name = activity["activityType"]["name"].as_str();
            let name = name.unwrap_or("?");
            format!("{} in the activity `{name}`", cause(failure, service))
        })
    })
}

/// What an execution that goes on is waiting for.
pub(super) fn waits_for(history: &Value, description: &Value) -> String {
    let pending = description["pendingActivities"].as_array();
    let activity = pending.into_iter().flatten().find_map(|activity| {
        let name = activity["activityType"]["name"].as_str()?;
        let attempt = number(&activity["attempt"]).max(1);
        Some(format!("the activity `{name}`, attempt {attempt}"))
    });
    if let Some(activity) = activity {
        return format!("it waits for {activity}");
    }
    let latest = events(history).last().map_or_else(String::new, kind);
    format!("its last event is {latest}")
}

/// Whether the workflow's code has run.
pub(super) fn has_begun(history: &Value) -> bool {
    let mut kinds = events(history).iter().map(kind);
    kinds.any(|kind| kind == "WorkflowTaskCompleted")
}

fn events(history: &Value) -> &[Value] {
    history["events"].as_array().map_or(&[], Vec::as_slice)
}

/// The type of an event: `WorkflowTaskFailed` for `EVENT_TYPE_WORKFLOW_TASK_FAILED`.
fn kind(event: &Value) -> String {
    let name = event["eventType"].as_str().unwrap_or_default();
    let words = name.trim_start_matches("EVENT_TYPE_").split('_');
    words
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            format!("{first}{}", rest.to_lowercase())
        })
        .collect()
}

/// What an event says besides its type: the only member that ends in `EventAttributes`.
fn attributes(event: &Value) -> &Value {
    let members = event.as_object();
    members
        .into_iter()
        .flatten()
        .find(|(name, _)| name.ends_with("EventAttributes"))
        .map_or(&Value::Null, |(_, attributes)| attributes)
}

/// Numbers of 64 bits are strings in JSON of Protocol Buffers.
fn number(value: &Value) -> u64 {
    let text = value.as_str().and_then(|text| text.parse().ok());
    text.or_else(|| value.as_u64()).unwrap_or_default()
}

/// The innermost cause of a failure: its type and message, the line of the service's code,
/// and the activity.
fn cause(failure: &Value, service: &Path) -> String {
    let mut failure = failure;
    let mut activity = None;
    let mut place = None;
    loop {
        if let Some(name) = failure["activityFailureInfo"]["activityType"]["name"].as_str() {
            activity = Some(name);
        }
        if let Some(found) = place_of(failure["stackTrace"].as_str().unwrap_or_default(), service) {
            place = Some(found);
        }
        if failure["cause"].is_null() {
            break;
        }
        failure = &failure["cause"];
    }
    // On one line, as the first line of a report.
    let message = failure["message"].as_str().unwrap_or_default();
    let message = one_line(message);
    let message = message.as_str();
    let kind = failure["applicationFailureInfo"]["type"].as_str();
    let mut text = match (kind, message) {
        (Some(kind), "") => format!("{kind} without a message"),
        (Some(kind), message) => format!("{kind}: {message}"),
        (None, message) => message.to_owned(),
    };
    if let Some(place) = place {
        text.push_str(&format!(" ({place})"));
    }
    if let Some(activity) = activity {
        text.push_str(&format!(" in the activity `{activity}`"));
    }
    text
}

/// The last line of a Python traceback that is in the service's own code.
pub(super) fn place_of(trace: &str, service: &Path) -> Option<String> {
    let frames = trace.lines().rev().filter_map(|line| {
        let rest = line.trim_start().strip_prefix("File \"")?;
        let (path, rest) = rest.split_once("\", line ")?;
        let path = Path::new(path).strip_prefix(service).ok()?;
        let line: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some((path.display().to_string(), line))
    });
    // The environment may be within the service's folder; the library only passes calls on.
    let is_own = |path: &str| !path.contains("site-packages") && !path.contains("temporal_client/");
    let mut own = frames.filter(|(path, _)| is_own(path));
    own.next().map(|(path, line)| format!("{path}:{line}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::{Event, State, last_events, state};

    #[test]
    fn the_innermost_cause_is_named_with_its_place() {
        let trace = "  File \"/shop/api/.venv/site-packages/sdk.py\", line 3, in run\n    go()\n\
                     \n  File \"/shop/api/src/flow.py\", line 12, in run\n    charge()\n";
        let history = json!({"events": [
            {"eventId": "1", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
             "workflowExecutionStartedEventAttributes": {"workflowType": {"name": "W"}}},
            {"eventId": "2", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_FAILED",
             "workflowExecutionFailedEventAttributes": {"failure": {
                "message": "Activity task failed",
                "activityFailureInfo": {"activityType": {"name": "charge"}},
                "cause": {"message": "no money", "stackTrace": trace,
                          "applicationFailureInfo": {"type": "ValueError"}},
             }}},
        ]});
        let cause = "ValueError: no money (src/flow.py:12) in the activity `charge`";
        let service = Path::new("/shop/api");
        assert_eq!(state(&history, service), State::Failed(cause.to_owned()));
        let event = |id, kind: &str, about: &str| Event {
            id,
            kind: kind.to_owned(),
            about: Some(about.to_owned()),
        };
        let expected = [
            event(1, "WorkflowExecutionStarted", "W"),
            event(2, "WorkflowExecutionFailed", cause),
        ];
        assert_eq!(last_events(&history, service), expected);
    }

    #[test]
    fn a_task_that_is_repeated_for_a_message_is_no_failure() {
        let history = |cause: &str| {
            json!({"events": [{"eventId": "4", "eventType": "EVENT_TYPE_WORKFLOW_TASK_FAILED",
                "workflowTaskFailedEventAttributes": {"cause": cause,
                    "failure": {"message": "late"}}}]})
        };
        let service = Path::new("/shop/api");
        let repeated = history("WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND");
        assert_eq!(state(&repeated, service), State::Running);
        let failed = history("WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE");
        assert_eq!(state(&failed, service), State::Failed("late".to_owned()));
    }
}
