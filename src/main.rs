//! Entry point: parses the arguments, runs the command, prints the report, returns the exit code.

use std::process::ExitCode;
use std::time::Instant;

use bluetext::cli::{self, Invocation, Stop, Task};
use bluetext::problem::Problem;
use bluetext::report::{
    self, CheckReport, Document as _, Page, Report, StatusReport, VerifyReport, View,
};
use bluetext::verify::verify;
use bluetext::{check, demo, diagram, mcp, run, run_plan, start, status};

fn main() -> ExitCode {
    let begun = Instant::now();
    let arguments: Vec<_> = std::env::args_os().collect();
    let current = std::env::current_dir().unwrap_or_else(|_| ".".into());
    let exit = match cli::parse(&arguments, current) {
        Ok(invocation) => execute(invocation, begun),
        Err(Stop::Print(text)) => report::print(&text),
        Err(Stop::Wrong {
            command,
            problems,
            view,
        }) => refuse(&command, &problems, view),
    };
    ExitCode::from(exit as u8)
}

/// Run a command and print its report.
fn execute(invocation: Invocation, begun: Instant) -> report::ExitCode {
    let Invocation {
        task,
        options,
        view,
    } = invocation;
    let report = match task {
        Task::Tool { request, start } => {
            let result = run(&request, &options);
            let mut report = Report::new(request.tool().name, &result, view);
            if let (Ok(outcome), Some(start)) = (&result, start)
                && let Some(tool) = &outcome.plan.notes.run
            {
                report = report.with_start(start::start(&outcome.root, tool, &start));
            }
            report
        }
        Task::Agents(task) => {
            let force = options.force;
            let result = run_plan(&|project| task.plan(project, force), &options);
            Report::new(task.command(), &result, view)
        }
        Task::Status => {
            let report = StatusReport::new(&status(&options)).checked(view);
            return report.print(view);
        }
        Task::Diagram(workflow) => {
            return match diagram(&options, &workflow) {
                Ok((_, diagram)) => Page::new("status", diagram).print(view),
                Err(error) => StatusReport::new(&Err(error)).print(view),
            };
        }
        Task::Check(service) => {
            return CheckReport::new(&check(&options, service.as_ref())).print(view);
        }
        Task::Verify {
            service,
            workflows,
            timeout,
        } => {
            let service = service.as_ref();
            let result = verify(&options, service, &workflows, timeout, view.quiet, &|_| {});
            return VerifyReport::new(&result).print(view);
        }
        Task::Mcp(discovery) => return mcp::serve(options, discovery),
        Task::Page(page) => return page.print(view),
        Task::Demo(demo) => match demo::run(&demo, view) {
            Ok(exit) => return exit,
            Err(report) => *report,
        },
    };
    let exit = report.print(view);
    Report::print_time(begun.elapsed(), view);
    exit
}

/// Report invalid arguments in the document of the command.
fn refuse(command: &str, problems: &[Problem], view: View) -> report::ExitCode {
    match command {
        "status" => StatusReport::usage(problems, None).print(view),
        "check" => CheckReport::usage(problems, None).print(view),
        "verify" => VerifyReport::of_problems(problems, None).print(view),
        _ => Report::of_problems(command, problems, None).print(view),
    }
}
