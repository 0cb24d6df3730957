//! The public base of the URLs that an answer names, for the request that it answers.

use http::request::Parts;
use lambda_http::request::RequestContext;
use web::base_url::{self, Gateway};

use crate::Api;
use crate::refusal::Refusal;

/// The public base: the configured one, else what the gateway says of where this request came in.
pub(crate) fn of(api: &Api, parts: &Parts) -> Result<String, Refusal> {
    let gateway = parts.extensions.get::<RequestContext>().and_then(gateway);
    base_url::of(api.settings().public_url.as_deref(), gateway.as_ref(), parts.uri.path())
        .ok_or(Refusal::NoBase)
}

fn gateway(context: &RequestContext) -> Option<Gateway> {
    match context {
        RequestContext::ApiGatewayV1(context) => {
            Some(Gateway { domain: context.domain_name.clone()?, path: context.path.clone()? })
        }
        RequestContext::ApiGatewayV2(context) => {
            Some(Gateway { domain: context.domain_name.clone()?, path: context.http.path.clone()? })
        }
        _ => None,
    }
}
