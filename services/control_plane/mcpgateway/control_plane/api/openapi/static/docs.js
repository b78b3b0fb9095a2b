"use strict";
// Fetches the description, with a token when one is needed, and hands it to the viewer of the page.

const KEPT = "mcpgateway-docs-token"; // in this tab only
const form = document.getElementById("login");
const problem = document.getElementById("problem");

const token = () => sessionStorage.getItem(KEPT) || "";
const authorized = () => (token() ? { Authorization: `Bearer ${token()}` } : {});

async function said(answer) {
  const body = await answer.json().catch(() => ({}));
  return body.message || `${answer.status} ${answer.statusText}`;
}

async function logIn(email, password) {
  const answer = await fetch("/auth/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  if (!answer.ok) throw new Error(await said(answer));
  return (await answer.json()).access_token;
}

function withToken(request) {
  if (token() && !request.headers.Authorization) Object.assign(request.headers, authorized());
  return request;
}

function show(description) {
  form.hidden = true;
  if (document.body.dataset.viewer === "redoc") {
    // Its search runs in a worker made of text, which the page's policy does not allow.
    Redoc.init(description, { disableSearch: true }, document.getElementById("api"));
  } else {
    SwaggerUIBundle({
      spec: description,
      dom_id: "#api",
      deepLinking: true,
      docExpansion: "none",
      validatorUrl: null,
      requestInterceptor: withToken,
    });
  }
}

async function load() {
  const answer = await fetch("/openapi.json", { headers: authorized() });
  if (answer.ok) return show(await answer.json());
  form.hidden = false;
  problem.textContent = token() ? await said(answer) : "";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { token: given, email, password } = form.elements;
  try {
    sessionStorage.setItem(KEPT, given.value || (await logIn(email.value, password.value)));
    await load();
  } catch (error) {
    problem.textContent = error.message;
  }
});

load();
