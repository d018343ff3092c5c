// The detailed health answer is 200 whatever happens: only its body tells.
function row(name, status) {
  const line = document.createElement("tr");
  const head = document.createElement("th");
  const cell = document.createElement("td");
  head.textContent = name.replace("_", " ");
  cell.textContent = status;
  cell.className = status === "healthy" ? "good" : "bad";
  line.append(head, cell);
  return line;
}

async function refresh() {
  const verdict = document.getElementById("verdict");
  try {
    const answer = await fetch("/api/v1/health/detailed", { cache: "no-store" });
    const health = await answer.json();
    const components = Object.entries(health.components || {});
    verdict.textContent = `Backend ${health.version}, environment ${health.environment}: ${health.status}`;
    verdict.className = health.status === "healthy" ? "good" : "bad";
    document.getElementById("components").replaceChildren(...components.map(([name, part]) => row(name, part.status)));
  } catch (error) {
    verdict.textContent = `The backend does not answer (${error.message}).`;
    verdict.className = "bad";
  }
}

refresh();
setInterval(refresh, 10000);
