//! Where the routes of a workflow are included, and where they are refused.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use common::Project;

const REQUIREMENTS: (&str, &str) = ("shop/requirements.txt", "fastapi\nhttpx2\n");

const ORDER: [&str; 3] = ["add-temporal-workflow", "order", "--route"];

/// A service with this application, and the client.
fn service(main: &str) -> Project {
    let project = Project::with(&[REQUIREMENTS, ("shop/app/main.py", main)]);
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    project
}

fn main_of(project: &Project) -> String {
    project.read("shop/app/main.py")
}

#[test]
fn a_router_is_included_once_and_taken_out_again() {
    for (before, after) in [
        (
            "from fastapi import FastAPI\n\napp = FastAPI()\n",
            "from fastapi import FastAPI\n\n\
             from .temporal import attach_temporal\n\
             from .workflows.order.routes import router as order_router\n\n\
             app = FastAPI()\napp.include_router(order_router)\nattach_temporal(app)\n",
        ),
        (
            "from fastapi import FastAPI\n\n\ndef create():\n    api = FastAPI()\n    return api\n",
            "from fastapi import FastAPI\n\n\
             from .temporal import attach_temporal\n\
             from .workflows.order.routes import router as order_router\n\n\n\
             def create():\n    api = FastAPI()\n    api.include_router(order_router)\n    \
             attach_temporal(api)\n    return api\n",
        ),
    ] {
        let project = service(before);
        let with_client = main_of(&project);
        project.done(&ORDER);
        assert_eq!(main_of(&project), after);
        let again = project.done(&[&ORDER[..], &["--check"]].concat());
        assert!(again.stdout.contains("unchanged"), "{}", again.stdout);
        project.done(&["remove-temporal-workflow", "order"]);
        assert_eq!(main_of(&project), with_client);
    }
}

/// One of the names has its routes already.
#[test]
fn a_new_workflow_beside_one_that_is_there_gets_its_own_routes() {
    let trees = [["alpha", "beta"].as_slice(), &["beta"]].map(|names| {
        let project = Project::empty();
        project.done(&["add-temporal"]);
        project.done(&["add-temporal-client"]);
        project.done(&["add-temporal-workflow", "alpha", "--route"]);
        project.done(&[&["add-temporal-workflow"], names, &["--route"]].concat());
        project.tree()
    });
    assert_eq!(trees[0], trees[1]);
}

#[test]
fn workflows_of_one_call_get_their_routes() {
    let main = "from fastapi import FastAPI\n\napp = FastAPI()\n";
    let at_once = service(main);
    let before = main_of(&at_once);
    at_once.done(&["add-temporal-workflow", "one", "two", "three", "--route"]);
    let one_by_one = service(main);
    for name in ["one", "two", "three"] {
        one_by_one.done(&["add-temporal-workflow", name, "--route"]);
    }
    assert_eq!(at_once.tree(), one_by_one.tree());
    for name in ["two", "one", "three"] {
        at_once.done(&["remove-temporal-workflow", name]);
    }
    assert_eq!(main_of(&at_once), before);
}

#[test]
fn routes_are_added_to_a_workflow_that_is_there() {
    let project = service("from fastapi import FastAPI\n\napp = FastAPI()\n");
    project.done(&ORDER[..2]);
    assert!(!main_of(&project).contains("order_router"));
    let run = project.done(&ORDER);
    assert_eq!(run.stderr, "");
    assert!(main_of(&project).contains("app.include_router(order_router)\n"));
    project.read("shop/app/workflows/order/routes.py");
    project.read("shop/tests/workflows/test_order_routes.py");
    // They are not given up without a word.
    let run = project.bluetext(&ORDER[..2]);
    assert_eq!(run.code, 3);
    let message = "`--route` was given and is now not given";
    assert!(run.stderr.contains(message), "{}", run.stderr);
}

#[test]
fn several_applications_are_left_to_the_user() {
    let main = "import sys\n\nfrom fastapi import FastAPI\n\nfrom .temporal import \
                attach_temporal\n\nif len(sys.argv) > 1:\n    app = FastAPI()\nelse:\n    \
                app = FastAPI(debug=True)\nattach_temporal(app)\n";
    let project = Project::with(&[REQUIREMENTS, ("shop/app/main.py", main)]);
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client"]);
    let run = project.done(&ORDER);
    let lines = "from app.workflows.order.routes import router as order_router\n\n\
                 app.include_router(order_router)";
    assert!(run.stderr.contains(lines), "{}", run.stderr);
    // Until it is done.
    assert!(project.done(&ORDER).stderr.contains(lines));
    project.write("shop/app/main.py", &format!("{main}\n{lines}\n"));
    assert_eq!(project.done(&ORDER).stderr, "");
}

#[test]
fn routes_that_would_hide_others_are_refused() {
    for (line, is_refused) in [
        ("@app.get('/order/{id}')\ndef read(id): ...\n", true),
        ("router = APIRouter(prefix=\"/order\")\n", true),
        ("PATH = '/orders'\n", false),
        ("PATH = '/my/order'\n", false),
    ] {
        let project = service(&format!(
            "from fastapi import APIRouter, FastAPI\n\napp = FastAPI()\n\n\n{line}"
        ));
        let before = project.tree();
        let run = project.bluetext(&ORDER);
        assert_eq!(
            run.code,
            if is_refused { 3 } else { 0 },
            "{line}: {}",
            run.stderr
        );
        if is_refused {
            assert!(
                run.stderr
                    .starts_with("error: the service has the path `/order`")
            );
            assert!(run.stderr.contains("shop/app/main.py:"), "{}", run.stderr);
            assert_eq!(project.tree(), before);
        }
    }
}

#[test]
fn a_service_without_fastapi_gets_no_routes() {
    let starlette = "from starlette.applications import Starlette\n\napp = Starlette()\n";
    let worker = "from temporalio.worker import Worker\n\n\nasync def main(client):\n    await \
                  Worker(client, task_queue=\"shop\", workflows=[], activities=[]).run()\n";
    for main in [starlette, worker] {
        let project = service(main);
        let before = project.tree();
        let run = project.bluetext(&ORDER);
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(
            run.stderr.starts_with("error: `--route` needs "),
            "{}",
            run.stderr
        );
        assert_eq!(project.tree(), before);
        // As the hint says.
        project.done(&ORDER[..2]);
    }
}

/// Which application starts Temporal, and which modules import the routes, is read from code: a
/// comment is none, and an import may have any form.
#[test]
fn comments_are_no_calls_and_imports_have_many_forms() {
    let two = "from fastapi import FastAPI\n\napp = FastAPI()\nadmin = FastAPI()\n";
    let project = Project::with(&[REQUIREMENTS, ("shop/app/main.py", two)]);
    project.done(&["add-temporal"]);
    project.done(&["add-temporal-client", "--app", "app.main:app"]);
    let main = main_of(&project);
    project.write(
        "shop/app/main.py",
        &format!("{main}# not attach_temporal(admin)\n"),
    );
    let run = project.done(&ORDER);
    assert_eq!(run.stderr, "");
    assert!(main_of(&project).contains("app.include_router(order_router)"));

    let project = service(two.replace("admin = FastAPI()\n", "").as_str());
    let main = "from fastapi import FastAPI\n\nfrom .temporal import attach_temporal\n\n\
                app = FastAPI()\nattach_temporal(app)\nadmin = FastAPI()\nattach_temporal(admin)\n";
    project.write("shop/app/main.py", main);
    let run = project.done(&ORDER);
    assert!(
        run.stderr.contains("several applications could have"),
        "{}",
        run.stderr
    );
    for import in [
        "from app.workflows.order.routes import (\n    router as order_router,\n)\n",
        "from .workflows.order import routes\n",
        "import app.workflows.order.routes\n",
    ] {
        project.write("shop/app/main.py", &format!("{import}{main}"));
        let run = project.done(&ORDER);
        assert_eq!(run.stderr, "", "{import}");
    }
    project.write(
        "shop/app/main.py",
        &format!("# workflows.order.routes import router\n{main}"),
    );
    let run = project.done(&ORDER);
    assert!(
        run.stderr.contains("several applications could have"),
        "{}",
        run.stderr
    );
}

/// Without an HTTP client, the tests of the routes are skipped: that is said.
#[test]
fn a_missing_http_client_is_named() {
    let project = service("from fastapi import FastAPI\n\napp = FastAPI()\n");
    project.write("shop/requirements.txt", "fastapi\ntemporalio\n");
    for _ in 0..2 {
        let run = project.done(&ORDER);
        assert_eq!(
            run.stderr,
            "warning: no file of the service `shop` declares an HTTP client, so the tests of the \
             routes are skipped: add `httpx2>=2.16,<3` to what its tests need\n"
        );
    }
    project.write("shop/requirements-dev.txt", "httpx2>=2.16,<3\n");
    assert_eq!(project.done(&ORDER).stderr, "");
}
