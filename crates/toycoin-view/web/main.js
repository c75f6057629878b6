const state = await fetch("/api/v1/state");
document.getElementById("state").textContent = await state.text();
