//! Entry point: parses the arguments, runs the command, prints the report, returns the exit code.

use std::process::ExitCode;
use std::time::Instant;

use bluetext::cli::{self, Invocation, Stop};
use bluetext::process::Limits;
use bluetext::report::{self, CheckReport, Page, Report, StatusReport, VerifyReport};
use bluetext::verify::verify;
use bluetext::{demo, mcp, run, start};

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
            let report = match bluetext::to_verify(&options, service.as_ref(), &workflows) {
                Ok((root, plans)) => {
                    let limits = Limits::of(timeout);
                    let verified = verify(&root, &plans, &limits, view.quiet, &|_| {});
                    VerifyReport::new(&root, verified)
                }
                Err(error) => VerifyReport::refused(&error),
            };
            return ExitCode::from(report.print(view) as u8);
        }
        Ok(Invocation::Mcp { options, discovery }) => {
            return ExitCode::from(mcp::serve(options, discovery) as u8);
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
        }) if command == "status" => {
            let report = StatusReport::usage(&problems);
            return ExitCode::from(report.print(view) as u8);
        }
        Err(Stop::Wrong {
            command,
            problems,
            view,
        }) if command == "verify" => {
            let report = VerifyReport::of_problems(&problems);
            return ExitCode::from(report.print(view) as u8);
        }
        Err(Stop::Wrong {
            command,
            problems,
            view,
        }) if command == "check" => {
            let report = CheckReport::usage(&problems);
            return ExitCode::from(report.print(view) as u8);
        }
        Err(Stop::Wrong {
            command,
            problems,
            view,
        }) => (Report::of_problems(&command, &problems), view),
    };
    let exit = report.print(view);
    Report::print_time(begun.elapsed(), view);
    ExitCode::from(exit as u8)
}
