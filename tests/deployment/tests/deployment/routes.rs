//! The REST API: every route of the contract walked to its function.

use deployment::Template;
use deployment::gateway::{Gateway, Reading};
use serde_json::Value;

/// The functions behind the API.
const BUFFERED: &str = "${Api.Arn}";
const STREAMED: &str = "${Results.Arn}";

fn with_gateway(test: impl FnOnce(&Template, &Gateway<'_>)) {
    let Some(template) = Template::with(&[]) else { return };
    test(&template, &Gateway::new(&template.properties("Gateway")["Body"]));
}

fn uri(integration: &Value) -> &str {
    integration["uri"].as_str().expect("an integration has a URI")
}

#[test]
fn both_readings_of_the_gateways_routing_reach_the_same_function() {
    with_gateway(|_, gateway| {
        for path in
            ["/", "/a", "/a/b/c", "/v1beta/a/b", "/api/a", "/api/tasks", "/api/tasks/a/b", "/api/tasks/types"]
        {
            for method in ["GET", "HEAD", "OPTIONS", "POST", "DELETE", "PUT", "PATCH"] {
                let [best, descent] = [Reading::BestMatch, Reading::Descent]
                    .map(|reading| gateway.reach(method, path, reading).map(uri));
                assert_eq!(best, descent, "{method} {path}");
                assert!(best.is_some(), "{method} {path} is refused by the gateway, without our answer");
            }
        }
    });
}

#[test]
fn every_route_of_the_contract_reaches_the_function_that_serves_it() {
    with_gateway(|_, gateway| {
        let id = "a".repeat(26);
        for route in web::routes::ROUTES {
            let path = route.path.replace("{id}", &id).replace("{n}", "7").replace("{hook}", "webhook");
            let path = path.replace("{task}", "order-7").replace("{name}", "app.js");
            for method in [route.method, "HEAD", "OPTIONS"] {
                let asked = method.parse().expect("a method");
                let Some(function) = web::routes::function_of(&asked, &path) else { continue };
                let expected = match function {
                    web::routes::Function::Api => BUFFERED,
                    web::routes::Function::Results => STREAMED,
                };
                for reading in [Reading::BestMatch, Reading::Descent] {
                    let reached = gateway.reach(method, &path, reading).map(uri);
                    assert!(
                        reached.is_some_and(|uri| uri.contains(expected)),
                        "{method} {path} is {function:?}'s and reaches {reached:?}"
                    );
                }
            }
        }
    });
}

#[test]
fn what_results_serves_is_streamed_for_fifteen_minutes_and_nothing_else_is() {
    with_gateway(|template, gateway| {
        for (path, method, integration) in gateway.integrations() {
            let uri = uri(integration);
            assert_eq!(
                (&integration["type"], &integration["httpMethod"]),
                (&"aws_proxy".into(), &"POST".into())
            );
            let (version, function) = if uri.contains(STREAMED) {
                assert_eq!(method, "get", "{path}");
                assert_eq!(integration["responseTransferMode"], "STREAM", "{path}");
                assert_eq!(integration["timeoutInMillis"], 900_000, "{path}");
                (
                    format!("lambda:path/2021-11-15/functions/{STREAMED}/response-streaming-invocations"),
                    "Results",
                )
            } else {
                assert!(integration.get("responseTransferMode").is_none(), "{path}");
                (format!("lambda:path/2015-03-31/functions/{BUFFERED}/invocations"), "Api")
            };
            assert!(uri.ends_with(&version), "{path}: {uri}");
            let milliseconds = integration.get("timeoutInMillis").and_then(Value::as_u64).unwrap_or(29_000);
            let seconds = template.properties(function)["Timeout"].as_u64();
            assert_eq!(
                seconds.map(|seconds| seconds * 1_000),
                Some(milliseconds),
                "{path}: the function and its route end together"
            );
        }
    });
}

#[test]
fn the_gateway_may_call_each_function_on_each_of_its_routes() {
    with_gateway(|template, gateway| {
        let permitted: Vec<(&Value, String)> = template
            .all("AWS::Lambda::Permission")
            .map(|(_, permission)| (&permission["FunctionName"], permission["SourceArn"].to_string()))
            .collect();
        for (path, method, integration) in gateway.integrations() {
            let function = if uri(integration).contains(STREAMED) { "${Results}" } else { "${Api}" };
            let method = if method == "get" { "GET" } else { "*" };
            let route = format!("/{method}{}\"", path.replace("{proxy+}", "*"));
            let found = permitted.iter().any(|(name, source)| **name == function && source.ends_with(&route));
            assert!(found, "{function} may not be called for {route}: {permitted:?}");
        }
    });
}

#[test]
fn what_the_gateway_answers_itself_is_a_problem_that_any_page_may_read() {
    with_gateway(|template, _| {
        let answers = &template.properties("Gateway")["Body"]["x-amazon-apigateway-gateway-responses"];
        let answers = answers.as_object().expect("there are such answers");
        for kind in ["DEFAULT_4XX", "DEFAULT_5XX"] {
            assert!(answers.contains_key(kind));
        }
        for (kind, answer) in answers {
            let header = |name| &answer["responseParameters"][format!("gatewayresponse.header.{name}")];
            assert_eq!(header("Access-Control-Allow-Origin"), "'*'", "{kind}");
            assert_eq!(
                header("Access-Control-Expose-Headers"),
                "'Location, Retry-After, Idempotency-Replayed'",
                "{kind}"
            );
            assert_eq!(header("Content-Type"), "'application/problem+json'", "{kind}");
            let body = answer["responseTemplates"]["application/json"].as_str().expect("there is a body");
            let body = body.replace("$context.error.messageString", "\"Forbidden\"");
            let body: Value = serde_json::from_str(&body).expect("the body is JSON");
            for field in ["type", "title", "detail", "error"] {
                assert!(body[field].is_string(), "{kind} lacks {field}");
            }
            let status = answer["statusCode"].as_str().and_then(|status| status.parse().ok());
            assert_eq!(status, body["status"].as_u64(), "{kind}");
        }
    });
}

#[test]
fn the_api_is_regional_takes_bodies_as_bytes_and_has_one_stage() {
    with_gateway(|template, _| {
        let api = template.properties("Gateway");
        assert_eq!(api["EndpointConfiguration"]["Types"][0], "REGIONAL");
        assert_eq!(api["Body"]["x-amazon-apigateway-binary-media-types"][0], "*/*");
        assert_eq!(template.all("AWS::ApiGateway::Stage").count(), 1);
        for function in ["Api", "Results"] {
            let variables = &template.properties(function)["Environment"]["Variables"];
            assert_eq!(variables["AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH"], "1");
        }
    });
}

/// A result's URL is what one needs to read it.
#[test]
fn the_access_log_holds_no_path() {
    let Some(template) = Template::with(&[("AccessLogs", "on")]) else { return };
    let (_, stage) = template.all("AWS::ApiGateway::Stage").next().expect("there is a stage");
    let format = stage["AccessLogSetting"]["Format"].as_str().expect("it has a format");
    assert!(serde_json::from_str::<Value>(format).is_ok());
    for field in ["$context.path", "$context.customDomain", "$context.protocol", "requestOverride"] {
        assert!(!format.contains(field), "{field}");
    }
}
