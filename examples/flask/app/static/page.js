"use strict";

const answer = document.getElementById("answer");
const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/ws");

socket.addEventListener("message", (event) => {
    answer.textContent = `It answered: ${event.data}`;
});
document.getElementById("form").addEventListener("submit", (event) => {
    event.preventDefault();
    socket.send(document.getElementById("text").value);
});
