//! The versions of the server that is there, and how they change.
//!
//! A server is upgraded one minor version at a time, the schema of its database before the
//! server itself (Temporal's documentation, "Upgrade the Temporal Server").

use std::collections::BTreeMap;

use super::{AddTemporal, FLAGS};
use crate::name::ImageTag;
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::record::{self, Record};
use crate::tool::Draft;

/// The arguments with the values that are on record, where none is given, and with the versions
/// to which the recorded ones are upgraded.
///
/// # Errors
///
/// A value that cannot be changed, or a version that is too far from the recorded one.
pub(super) fn chosen(
    draft: &mut Draft<'_>,
    arguments: &AddTemporal,
) -> Result<AddTemporal, Problem> {
    let record = draft.record().clone();
    let mut chosen = arguments.clone();
    let Some(recorded) = Recorded::of(&record) else {
        return Ok(chosen);
    };
    let is_given = |flag: &str| arguments.given.contains(&flag);
    let fixed = |what: &str, flag: &str, was: &str, now: &str, why: &str| {
        Problem::new(
            ErrorCode::DifferentRequest,
            format!("{what} was {was} and would be {now}: {why}"),
        )
        .in_file(record::of_step(super::TOOL.name))
        .hint(format!("leave out `--{flag}`"))
    };
    if !is_given("history_shards") {
        chosen.history_shards = recorded.history_shards;
    } else if arguments.history_shards != recorded.history_shards {
        return Err(fixed(
            "the number of history shards",
            "history-shards",
            &recorded.history_shards.to_string(),
            &arguments.history_shards.to_string(),
            "it can never be changed for a database",
        ));
    }
    let (was, now) = (&recorded.postgres_version, &arguments.postgres_version);
    if !is_given("postgres_version") {
        chosen.postgres_version = was.clone();
    } else if major(was.as_str()) != major(now.as_str()) {
        return Err(fixed(
            "the version of Postgres",
            "postgres-version",
            was.as_str(),
            now.as_str(),
            "a volume written by one major version cannot be read by another",
        ));
    }
    choose_server(draft, &recorded, &mut chosen, is_given("temporal_version"))?;
    Ok(chosen)
}

/// Choose the version of the server: the one that is asked for, or the recorded one.
fn choose_server(
    draft: &mut Draft<'_>,
    recorded: &Recorded,
    chosen: &mut AddTemporal,
    is_given: bool,
) -> Result<(), Problem> {
    let was = recorded.temporal_version.as_str();
    let now = chosen.temporal_version.as_str().to_owned();
    let refused = |message: String, hint: String| {
        Problem::new(ErrorCode::VersionStep, message)
            .in_file(record::of_step(super::TOOL.name))
            .hint(hint)
    };
    match Step::between(was, &now) {
        Step::Same => return Ok(()),
        Step::Unknown if is_given => return Ok(()),
        Step::Next => {
            announce(draft, was, &now);
            return Ok(());
        }
        Step::Far(next) if is_given => {
            return Err(refused(
                format!(
                    "a Temporal server is upgraded one minor version at a time: from {was}, upgrade \
                     to {next} before {now}"
                ),
                format!(
                    "bluetext add-temporal --temporal-version {next}.0\nor the latest release of \
                     {next}; start it before the next step"
                ),
            ));
        }
        Step::Back if is_given => {
            return Err(refused(
                format!("the schema of the database is that of {was}, which {now} cannot use"),
                "leave out `--temporal-version`".to_owned(),
            ));
        }
        Step::Far(next) => draft.warn(
            WarningCode::ServerBehind,
            format!(
                "the Temporal server stays at {was}, and {now} is current: a server is upgraded \
                 one minor version at a time, so call this with `--temporal-version` and the \
                 latest release of {next} first"
            ),
            None,
        ),
        Step::Unknown | Step::Back => {}
    }
    // What was chosen stays.
    chosen.temporal_version = recorded.temporal_version.clone();
    chosen.ui_version = recorded.ui_version.clone();
    Ok(())
}

/// Report the order in which a server is upgraded.
fn announce(draft: &mut Draft<'_>, was: &str, now: &str) {
    draft.warn(
        WarningCode::ServerUpgrade,
        format!(
            "the Temporal server goes from {was} to {now}. The tool `temporal` first updates the \
             schema of the database with the admin tools of {now}, then starts the server of \
             {now}. Back up the database, remove the container `temporal` (one that exists is not \
             replaced), then run the tool `temporal`"
        ),
        None,
    );
    let why = "updates the schema, then starts the new server";
    draft.recommend("pt run temporal", why);
}

/// Note the values on record, unless a changed module was kept.
pub(super) fn note(draft: &mut Draft<'_>, arguments: &AddTemporal) {
    let has_server = draft
        .record()
        .library
        .keys()
        .any(|path| path.ends_with("temporal/polytope.yml"));
    let is_kept = draft.keeps_any();
    if is_kept || !has_server {
        return;
    }
    let values = [
        arguments.temporal_version.as_str().to_owned(),
        arguments.ui_version.as_str().to_owned(),
        arguments.postgres_version.as_str().to_owned(),
        arguments.history_shards.to_string(),
    ];
    let flags = FLAGS.map(|flag| flag.replace('_', "-"));
    draft.record().options = flags.into_iter().zip(values).collect();
}

/// The values that are on record.
struct Recorded {
    temporal_version: ImageTag,
    ui_version: ImageTag,
    postgres_version: ImageTag,
    history_shards: u32,
}

impl Recorded {
    fn of(record: &Record) -> Option<Self> {
        let options: &BTreeMap<String, String> = &record.options;
        let tag = |flag: &str| options.get(flag)?.parse::<ImageTag>().ok();
        Some(Self {
            temporal_version: tag("temporal-version")?,
            ui_version: tag("ui-version")?,
            postgres_version: tag("postgres-version")?,
            history_shards: options.get("history-shards")?.parse().ok()?,
        })
    }
}

/// How far two versions of the server are from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The same version.
    Same,
    /// A later patch, or the next minor version.
    Next,
    /// Later than the next minor version, which is given.
    Far(Minor),
    /// An earlier version.
    Back,
    /// At least one is no version with numbers.
    Unknown,
}

/// A major and a minor version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Minor(u32, u32);

impl std::fmt::Display for Minor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl Step {
    fn between(was: &str, now: &str) -> Self {
        if was == now {
            return Self::Same;
        }
        let numbers = |version: &str| {
            let plain = version.split(['-', '+']).next().unwrap_or(version);
            let mut parts = plain.split('.').map(|part| part.parse::<u32>().ok());
            Some((
                Minor(parts.next()??, parts.next()??),
                parts.next().flatten().unwrap_or(0),
            ))
        };
        let (Some((old, old_patch)), Some((new, new_patch))) = (numbers(was), numbers(now)) else {
            return Self::Unknown;
        };
        let next = Minor(old.0, old.1.saturating_add(1));
        match () {
            () if (new, new_patch) < (old, old_patch) => Self::Back,
            () if new == old || new == next => Self::Next,
            () => Self::Far(next),
        }
    }
}

fn major(version: &str) -> &str {
    version.split(['.', '-']).next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_goes_one_minor_version_at_a_time() {
        let cases = [
            ("1.31.0", "1.31.0", Step::Same),
            ("1.31.0", "1.31.2", Step::Next),
            ("1.31.2", "1.32.0", Step::Next),
            ("1.29.1", "1.32.0", Step::Far(Minor(1, 30))),
            ("1.32.0", "1.31.9", Step::Back),
            ("1.32.1", "1.32.0", Step::Back),
            ("1.32.0", "2.0.0", Step::Far(Minor(1, 33))),
            ("1.31", "1.32.0-rc.1", Step::Next),
            ("main", "1.32.0", Step::Unknown),
        ];
        for (was, now, step) in cases {
            assert_eq!(Step::between(was, now), step, "{was} to {now}");
        }
    }
}
