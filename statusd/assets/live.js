/* Keeps the page up to date without a reload. When the server says that the verdict is a new one,
   and once a minute for the ages, the same address is fetched again and what differs is changed in
   place: focus, scroll position, open sections and a half-typed filter stay as they are. */
"use strict";

(() => {
    const renewEvery = 60 * 1000;
    let token = document.documentElement.dataset.token;
    let renewing = false;
    let again = false;

    /* Attributes that belong to the reader, not to the server. */
    const isKept = (element, name) =>
        (name === "open" && element.localName === "details") ||
        (name === "class" && element === document.documentElement);

    const renewAttributes = (old, fresh) => {
        for (const { name, value } of fresh.attributes) {
            if (old.getAttribute(name) !== value && !isKept(old, name)) {
                old.setAttribute(name, value);
            }
        }
        for (const { name } of [...old.attributes]) {
            if (!fresh.hasAttribute(name) && !isKept(old, name)) {
                old.removeAttribute(name);
            }
        }
    };

    const isSame = (old, fresh) =>
        old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName &&
        (old.id || "") === (fresh.id || "");

    const renew = (old, fresh) => {
        if (old.isEqualNode(fresh)) {
            return;
        }
        if (old.nodeType !== Node.ELEMENT_NODE) {
            old.nodeValue = fresh.nodeValue;
            return;
        }
        renewAttributes(old, fresh);
        renewChildren(old, fresh);
    };

    /* Children are matched in order; one with an id is also found further on, so that a section in
       which somebody reads is moved along and not written anew. */
    const renewChildren = (old, fresh) => {
        let next = old.firstChild;
        for (const child of [...fresh.childNodes]) {
            let match = next;
            if (child.id && !(match && isSame(match, child))) {
                match = [...old.children].find((element) => isSame(element, child)) || null;
                if (match) {
                    old.insertBefore(match, next);
                    next = match;
                }
            }
            if (match && isSame(match, child)) {
                next = match.nextSibling;
                renew(match, child);
            } else {
                old.insertBefore(document.importNode(child, true), next);
            }
        }
        while (next) {
            const gone = next;
            next = next.nextSibling;
            gone.remove();
        }
    };

    const showConnection = (isThere) => {
        document.documentElement.classList.toggle("disconnected", !isThere);
        document.getElementById("connection").hidden = isThere;
    };

    const renewPage = (page, isNews) => {
        for (const fresh of page.querySelectorAll("[data-live]")) {
            const old = document.getElementById(fresh.id);
            if (old) {
                const before = isNews ? old.textContent : "";
                renew(old, fresh);
                if (isNews && old.textContent !== before) {
                    old.classList.add("renewed");
                }
            }
        }
        /* Sections that came or went change the page's shape: its main part is renewed whole. */
        const ids = (root) => [...root.querySelectorAll("[data-live]")].map((e) => e.id).join(" ");
        if (ids(page) !== ids(document)) {
            renewChildren(document.getElementById("main"), page.getElementById("main"));
        }
        document.title = page.title;
    };

    const fetchPage = async (isNews) => {
        if (renewing) {
            again = true;
            return;
        }
        renewing = true;
        try {
            const answer = await fetch(location.href, { cache: "no-store" });
            const text = await answer.text();
            const page = new DOMParser().parseFromString(text, "text/html");
            if (page.getElementById("main")) {
                renewPage(page, isNews);
                token = page.documentElement.dataset.token;
                showConnection(true);
            }
        } catch {
            showConnection(false);
        }
        renewing = false;
        if (again) {
            again = false;
            fetchPage(isNews);
        }
    };

    document.addEventListener("animationend", (event) => {
        event.target.classList.remove("renewed");
    });

    const stream = new EventSource("/events/stream");
    stream.addEventListener("verdict", (event) => {
        if (JSON.parse(event.data).token !== token) {
            fetchPage(true);
        }
    });
    stream.addEventListener("open", () => showConnection(true));
    stream.addEventListener("error", () => showConnection(false));

    setInterval(() => {
        if (document.visibilityState === "visible") {
            fetchPage(false);
        }
    }, renewEvery);
    document.addEventListener("visibilitychange", () => {
        if (document.visibilityState === "visible") {
            fetchPage(false);
        }
    });
})();
