// HEAD and OPTIONS are on every path and alike; a person looks for the rest.
const HIDDEN = ["head", "options"];

// A Jupyter server takes the body of a signed-in page only with the token of its cookie.
function withXsrfToken(request) {
  const token = document.cookie.match(/(?:^|; )_xsrf=([^;]+)/)?.[1];
  if (token) request.headers["X-XSRFToken"] = token;
  return request;
}

async function show() {
  const answer = await fetch("openapi.json");
  const spec = await answer.json();
  for (const path of Object.values(spec.paths)) {
    for (const method of HIDDEN) delete path[method];
  }
  SwaggerUIBundle({
    spec,
    dom_id: "#viewer",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    persistAuthorization: false, // a token must not stay behind in the browser
    validatorUrl: null,
    requestInterceptor: withXsrfToken,
  });
}

show();
