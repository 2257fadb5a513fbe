//! Entry point: parses the arguments, runs the command, prints the report, returns the exit code.

use std::process::ExitCode;
use std::time::Instant;

use bluetext::cli::{self, Invocation, Stop};
use bluetext::problem::Problem;
use bluetext::report::{
    self, CheckReport, Document as _, Page, Report, StatusReport, VerifyReport, View,
};
use bluetext::verify::verify;
use bluetext::{demo, mcp, run, run_plan, start};

fn main() -> ExitCode {
    let begun = Instant::now();
    let arguments: Vec<_> = std::env::args_os().collect();
    let current = std::env::current_dir().unwrap_or_else(|_| ".".into());
    let (report, view) = match cli::parse(&arguments, current) {
        Ok(Invocation::Tool {
            request,
            options,
            view,
            start,
        }) => {
            let result = run(&request, &options);
            let mut report = Report::new(request.tool().name, &result, view);
            if let (Ok(outcome), Some(start)) = (&result, start)
                && let Some(tool) = &outcome.plan.notes.run
            {
                report = report.with_start(start::start(&outcome.root, tool, &start));
            }
            (report, view)
        }
        Ok(Invocation::Status { options, view }) => {
            let report = StatusReport::new(&bluetext::status(&options)).checked(view);
            return ExitCode::from(report.print(view) as u8);
        }
        Ok(Invocation::Diagram {
            workflow,
            options,
            view,
        }) => {
            let exit = match bluetext::diagram(&options, &workflow) {
                Ok((_, diagram)) => Page::new("status", diagram.mermaid).print(view),
                Err(error) => StatusReport::new(&Err(error)).print(view),
            };
            return ExitCode::from(exit as u8);
        }
        Ok(Invocation::Check {
            service,
            options,
            view,
        }) => {
            let report = CheckReport::new(&bluetext::check(&options, service.as_ref()));
            return ExitCode::from(report.print(view) as u8);
        }
        Ok(Invocation::Verify {
            service,
            workflows,
            timeout,
            options,
            view,
        }) => {
            let service = service.as_ref();
            let result = verify(&options, service, &workflows, timeout, view.quiet, &|_| {});
            let report = VerifyReport::new(&result);
            return ExitCode::from(report.print(view) as u8);
        }
        Ok(Invocation::Mcp { options, discovery }) => {
            return ExitCode::from(mcp::serve(options, discovery) as u8);
        }
        Ok(Invocation::Agents {
            task,
            options,
            view,
        }) => {
            let force = options.force;
            let result = run_plan(&|project| task.plan(project, force), &options);
            (Report::new(task.command(), &result, view), view)
        }
        Ok(Invocation::Page { page, view }) => {
            return ExitCode::from(page.print(view) as u8);
        }
        Ok(Invocation::Demo { demo, view }) => match demo::run(&demo, view) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(report) => (*report, view),
        },
        Err(Stop::Print(text)) => {
            return ExitCode::from(report::print(&text) as u8);
        }
        Err(Stop::Wrong {
            command,
            problems,
            view,
        }) => {
            return ExitCode::from(refuse(&command, &problems, view) as u8);
        }
    };
    let exit = report.print(view);
    Report::print_time(begun.elapsed(), view);
    ExitCode::from(exit as u8)
}

/// Report invalid arguments in the document of the command.
fn refuse(command: &str, problems: &[Problem], view: View) -> report::ExitCode {
    match command {
        "status" => StatusReport::usage(problems).print(view),
        "check" => CheckReport::usage(problems).print(view),
        "verify" => VerifyReport::of_problems(problems).print(view),
        _ => Report::of_problems(command, problems).print(view),
    }
}
