//! The rules of workflow code, and what `check --explain` prints about each.
//!
//! Sources: Temporal's documentation of workflow determinism, the sandbox of the Python SDK
//! (sdk-python 1.35), and `tests/check`, which runs each example on a real server.

/// Define the rules, each with its code, title, reason, replacement and two examples.
macro_rules! rules {
    ($($(#[$documentation:meta])* $variant:ident = $code:literal {
        $title:literal, $why:literal, $instead:literal, $wrong:literal, $right:literal,
    })+) => {
        /// A rule that `check` enforces.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $title] $variant,)+
        }

        impl Rule {
            /// All rules, in alphabetical order of their codes.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The code in reports, and in `# bluetext: ignore[CODE] reason`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The rule in one sentence.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// What happens if the rule is broken.
            #[must_use]
            pub fn why(self) -> &'static str {
                match self { $(Self::$variant => $why,)+ }
            }

            /// What to write instead.
            #[must_use]
            pub fn instead(self) -> &'static str {
                match self { $(Self::$variant => $instead,)+ }
            }

            /// Code that breaks the rule, and code that does not.
            #[must_use]
            pub fn examples(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($wrong, $right),)+ }
            }
        }
    };
}

rules! {
    ActivityCall = "activity-call" {
        "A workflow does not call an activity directly.",
        "The activity's code then runs inside the workflow: it is not retried, its result is \
         not recorded, and it runs again on each replay.",
        "Execute it with `workflow.execute_activity`.",
        "total = await charge(order)",
        "total = await workflow.execute_activity(\n    charge, order, start_to_close_timeout=timedelta(seconds=30)\n)",
    }
    ActivityImport = "activity-import" {
        "A workflow imports activities by name.",
        "The sandbox executes a module that is imported from the workflow's own package, as in `from \
         . import activities`, again for every execution, also under `imports_passed_through()`. That costs time and memory, \
         and fails if the module does what workflows must not.",
        "Import the names, in `with workflow.unsafe.imports_passed_through():`.",
        "from . import activities",
        "with workflow.unsafe.imports_passed_through():\n    from .activities import charge",
    }
    ActivityTimeout = "activity-timeout" {
        "An activity has a start-to-close or a schedule-to-close timeout.",
        "Without one of them the call fails when the workflow makes it.",
        "Add `start_to_close_timeout`, longer than the longest attempt can take.",
        "await workflow.execute_activity(charge, order)",
        "await workflow.execute_activity(\n    charge, order, start_to_close_timeout=timedelta(seconds=30)\n)",
    }
    Clock = "clock" {
        "A workflow does not read the system clock, or block its thread.",
        "A replay happens later, so that the workflow could take another branch than its history \
         has. Its thread also serves other workflows.",
        "Use `workflow.now()`, `workflow.time()` and `await workflow.sleep(…)`.",
        "deadline = datetime.now(UTC) + timedelta(days=1)",
        "deadline = workflow.now() + timedelta(days=1)",
    }
    DuplicateName = "duplicate-name" {
        "A worker's workflows, and its activities, have different names.",
        "The worker refuses to start.",
        "Rename one, or give it a name: `@workflow.defn(name=\"…\")`.",
        "@activity.defn(name=\"charge\")\nasync def charge_card(order: Order) -> None: ...\n\n@activity.defn(name=\"charge\")\nasync def charge_account(order: Order) -> None: ...",
        "@activity.defn\nasync def charge_card(order: Order) -> None: ...\n\n@activity.defn\nasync def charge_account(order: Order) -> None: ...",
    }
    Environment = "environment" {
        "A workflow does not read or change the environment of its process.",
        "Workers differ: a replay on another host, or after a deployment, would see other values. \
         The sandbox refuses all functions of `os`, also `os.path.join`.",
        "Pass the value in the workflow's input, or read it in an activity. Build paths with \
         `pathlib.PurePosixPath`.",
        "region = os.environ[\"REGION\"]",
        "region = order.region",
    }
    File = "file" {
        "A workflow does not access files or databases.",
        "A replay can find other contents, or be on another host.",
        "Move the access to an activity.",
        "rates = json.loads(Path(\"rates.json\").read_text())",
        "rates = await workflow.execute_activity(\n    read_rates, start_to_close_timeout=timedelta(seconds=10)\n)",
    }
    GlobalState = "global-state" {
        "A workflow changes no state outside itself.",
        "Other executions and replays in the same process see the change, those in other \
         processes do not. The sandbox does not report it.",
        "Keep the state in an attribute of the workflow: `self.…`.",
        "CACHE[order.id] = total",
        "self.totals[order.id] = total",
    }
    Hash = "hash" {
        "A workflow does not use `hash` or `id`.",
        "Both give other numbers in another process.",
        "Compare the values themselves, or use `hashlib` on their bytes.",
        "shard = hash(order.id) % 4",
        "shard = int(hashlib.sha256(order.id.encode()).hexdigest(), 16) % 4",
    }
    Heartbeat = "heartbeat" {
        "An activity with a heartbeat timeout sends heartbeats.",
        "Without heartbeats, each attempt that takes longer than the heartbeat timeout fails.",
        "Call `activity.heartbeat()` in the activity, or remove `heartbeat_timeout`.",
        "await workflow.execute_activity(\n    charge,  # calls no `activity.heartbeat()`\n    start_to_close_timeout=timedelta(hours=1),\n    heartbeat_timeout=timedelta(seconds=30),\n)",
        "await workflow.execute_activity(\n    charge, start_to_close_timeout=timedelta(seconds=30)\n)",
    }
    Ignore = "ignore" {
        "An ignore comment has a known code and a reason, and ignores something.",
        "A comment that ignores nothing hides a later finding.",
        "Write `# bluetext: ignore[CODE] reason` on the line of the finding, or above it.",
        "now = datetime.now()  # bluetext: ignore[clock]",
        "now = datetime.now()  # bluetext: ignore[clock] only shown in the log",
    }
    LoopEscape = "loop-escape" {
        "A workflow uses only what the workflow's event loop has.",
        "The loop of a workflow has no threads, processes or sockets. These calls raise an \
         exception without a message, and the workflow is retried for ever.",
        "Move the work to an activity.",
        "result = await asyncio.to_thread(compute, order)",
        "result = await workflow.execute_activity(\n    compute, order, start_to_close_timeout=timedelta(minutes=1)\n)",
    }
    ModelDefault = "model-default" {
        "The defaults of a model that a workflow creates or receives are deterministic.",
        "The default is computed in the workflow, and again on each replay. The sandbox does not \
         report it.",
        "Pass the value explicitly: `workflow.now()`, `workflow.uuid4()`.",
        "class Entry(BaseModel):\n    created: datetime = Field(default_factory=datetime.now)",
        "class Entry(BaseModel):\n    created: datetime",
    }
    Network = "network" {
        "A workflow does not use the network.",
        "The answer can differ on a replay, and the request is repeated.",
        "Move the request to an activity.",
        "response = httpx.get(url)",
        "response = await workflow.execute_activity(\n    fetch, url, start_to_close_timeout=timedelta(seconds=30)\n)",
    }
    Process = "process" {
        "A workflow starts and ends no processes.",
        "A replay repeats it.",
        "Move the call to an activity.",
        "subprocess.run([\"make\"], check=True)",
        "await workflow.execute_activity(\n    build, start_to_close_timeout=timedelta(minutes=5)\n)",
    }
    Random = "random" {
        "A workflow uses no randomness of its process.",
        "A replay gets other values, so that the workflow could take another branch than its \
         history has.",
        "Use `workflow.random()` and `workflow.uuid4()`.",
        "order_id = str(uuid.uuid4())",
        "order_id = str(workflow.uuid4())",
    }
    SetOrder = "set-order" {
        "A workflow does not depend on the order of a set.",
        "The order of strings and objects in a set differs between processes. The sandbox does \
         not report it.",
        "Iterate over `sorted(…)`, or use a list or a dict.",
        "for name in {order.buyer, order.seller}:\n    await notify(name)",
        "for name in sorted({order.buyer, order.seller}):\n    await notify(name)",
    }
    Syntax = "syntax" {
        "A module with workflow code can be parsed.",
        "It cannot be checked, and the worker cannot load it.",
        "Fix the syntax.",
        "def run(self:",
        "def run(self):",
    }
    Thread = "thread" {
        "A workflow starts no threads and uses no locks of threads.",
        "The order of threads differs on a replay, and a blocked thread blocks other workflows.",
        "Use `asyncio.gather`, `asyncio.create_task` and `asyncio.Lock`.",
        "threading.Thread(target=work).start()",
        "task = asyncio.create_task(work())",
    }
    UnregisteredActivity = "unregistered-activity" {
        "A worker runs each activity.",
        "A call of the activity waits until its timeout.",
        "Add it to the `activities` of the worker.",
        "ACTIVITIES = [reserve]  # a workflow executes `charge`",
        "ACTIVITIES = [reserve, charge]",
    }
    UnregisteredWorkflow = "unregistered-workflow" {
        "A worker runs each workflow.",
        "An execution of the workflow waits for ever.",
        "Add it to the `workflows` of the worker.",
        "WORKFLOWS = []  # `OrderWorkflow` is defined",
        "WORKFLOWS = [OrderWorkflow]",
    }
}

impl Rule {
    /// The rule of a code.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.code() == code)
    }

    /// The page that `check --explain` prints.
    #[must_use]
    pub fn page(self) -> String {
        let (wrong, right) = self.examples();
        let indented = |code: &str| format!("    {}\n", code.replace('\n', "\n    "));
        format!(
            "{}\n\n{}\n\nWhy: {}\n\nInstead: {}\n\nBreaks the rule:\n\n{}\nCorrect:\n\n{}\n\
             To allow one place, with a reason:\n\n    # bluetext: ignore[{}] reason\n",
            self.code(),
            self.title(),
            self.why(),
            self.instead(),
            indented(wrong),
            indented(right),
            self.code(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Rule;

    #[test]
    fn codes_are_sorted_and_different() {
        let codes: Vec<&str> = Rule::ALL.iter().map(|rule| rule.code()).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
    }
}
