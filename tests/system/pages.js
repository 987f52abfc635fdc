/* pages.js BASE STORE-FILL STORE - what test-statusd-pages looks at, in Chromium. */
'use strict';
const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const [base, fill, store] = process.argv.slice(2);
const shots = process.env.SHOTS;
const pages = ['/', '/resources', '/resources?state=failed', '/runs', '/runs/1',
    '/r/site/shop.example.com', '/r/service/worker', '/events', '/events?answer=fight', '/history',
    '/sources', '/nothing/here'];
/* axe looks at two views that differ in language, colours and width; TEST_EVERY_VIEW=1: at all. */
const views = [
    { name: 'wide', width: 1280, height: 900, colorScheme: 'light', locale: 'en', hasAxe: true },
    { name: 'wide-dark-ar', width: 1280, height: 900, colorScheme: 'dark', locale: 'ar' },
    { name: 'narrow-light', width: 360, height: 740, colorScheme: 'light', locale: 'en' },
    { name: 'narrow-dark-ar', width: 360, height: 740, colorScheme: 'dark', locale: 'ar',
        hasAxe: true },
];
const record = (scene, ...more) => execFileSync(fill, [store, scene, ...more]);
let wrong = 0;

function complain(where, what) {
    console.log(`not ok - ${where}: ${what}`);
    wrong++;
}

/* Everything that a page may not do, from its first request on. */
function watch(page, where) {
    page.on('console', (message) => {
        // A hostile kind may hold a slash, which makes its link one to nothing.
        const isExpected = message.text().includes('404') &&
            (where.includes('/nothing/here') || where.startsWith('hostile'));
        if (message.type() === 'error' && !isExpected) {
            complain(where, `console: ${message.text()}`);
        }
    });
    page.on('pageerror', (error) => complain(where, `script: ${error.message}`));
    page.on('request', (request) => {
        if (new URL(request.url()).origin !== base) {
            complain(where, `another origin: ${request.url()}`);
        }
    });
}

/* Asks again and again from here: the page's own policy lets nobody evaluate text inside it. */
async function until(page, isTrue, what) {
    for (const end = Date.now() + 15000; Date.now() < end;) {
        if (await page.evaluate(isTrue)) {
            return;
        }
        await new Promise((resume) => { setTimeout(resume, 50); });
    }
    complain(what, 'it did not happen');
}

async function contextOf(browser, view, more = {}) {
    return browser.newContext({
        viewport: { width: view.width, height: view.height },
        colorScheme: view.colorScheme, locale: view.locale, ...more,
    });
}

/* Complains of what axe finds; how many of its rules passed. */
async function accessible(page, where) {
    await page.evaluate(axe);
    const result = await page.evaluate(() => globalThis.axe.run());
    for (const violation of result.violations) {
        const nodes = violation.nodes.map((node) => node.target.join(' ')).join(', ');
        complain(where, `axe: ${violation.id}: ${violation.help}: ${nodes}`);
    }
    return result.passes.length;
}

async function checkPage(context, view, url) {
    const where = `${view.name} ${url}`;
    const page = await context.newPage();
    watch(page, where);
    await page.goto(base + url, { waitUntil: 'load' });
    const shown = await page.evaluate(() => ({
        language: document.documentElement.lang,
        direction: getComputedStyle(document.body).direction,
        scroll: document.scrollingElement.scrollWidth,
        width: innerWidth,
        paper: getComputedStyle(document.body).backgroundColor,
    }));
    if (shown.language !== view.locale || (shown.direction === 'rtl') !== (view.locale === 'ar')) {
        complain(where, `language ${shown.language}, direction ${shown.direction}`);
    }
    if (shown.scroll > shown.width) {
        complain(where, `scrolls sideways: ${shown.scroll} pixels in ${shown.width}`);
    }
    const isDark = /rgb\((\d+)/.exec(shown.paper)[1] < 128;
    if (isDark !== (view.colorScheme === 'dark')) {
        complain(where, `paper is ${shown.paper}`);
    }
    await page.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
    const rules = view.hasAxe || process.env.TEST_EVERY_VIEW ? await accessible(page, where) : 0;
    const file = `${view.name}${url}`.replace(/[^a-z0-9]+/gi, '-');
    await page.screenshot({ path: path.join(shots, `${file}.png`), fullPage: true });
    await page.close();
    return rules;
}

async function checkViews(browser) {
    for (const view of views) {
        const context = await contextOf(browser, view);
        let rules = 0;
        for (const url of pages) {
            rules += await checkPage(context, view, url);
        }
        await context.close();
        console.log(`ok - ${view.name}: ${pages.length} pages, ${rules} rules passed`);
    }
}

/* A new run changes what it changes and leaves the reader where they are. */
async function checkLive(browser) {
    const context = await contextOf(browser, { ...views[0], height: 500 });
    const page = await context.newPage();
    watch(page, 'live');
    await page.goto(base + '/', { waitUntil: 'load' });
    await page.evaluate(() => {
        globalThis.isSamePage = true;
        document.getElementById('history-table').open = true;
        document.querySelector('#history-table summary').focus();
        scrollTo(0, 300);
    });
    record('well');
    await until(page, () => document.querySelector('h1').textContent.startsWith('Everything'),
        'live update');
    const after = await page.evaluate(() => ({
        isSamePage: globalThis.isSamePage === true,
        isOpen: document.getElementById('history-table').open,
        focus: document.activeElement.localName,
        scroll: Math.round(scrollY),
        title: document.title,
        attention: document.getElementById('attention').textContent,
        hidden: document.getElementById('connection').hidden,
    }));
    const checks = {
        'the page was loaded anew': after.isSamePage,
        'the open section was closed': after.isOpen,
        'the focus was lost': after.focus === 'summary',
        'old news is still shown': !after.attention.includes('worker'),
        'the connection is called lost': after.hidden,
    };
    for (const [what, isWell] of Object.entries(checks)) {
        if (!isWell) {
            complain('live', what);
        }
    }
    await context.close();
    console.log('ok - live update');
}

/* A filter that somebody is typing in is not taken away. */
async function checkTyping(browser) {
    const context = await contextOf(browser, views[0]);
    const page = await context.newPage();
    watch(page, 'typing');
    await page.goto(base + '/resources', { waitUntil: 'load' });
    await page.fill('input[name=q]', 'half a wo');
    record('drifted');
    await until(page, () => document.querySelector('#list .tone-warning') !== null,
        'update while typing');
    if (await page.inputValue('input[name=q]') !== 'half a wo') {
        complain('typing', 'what was typed is gone');
    }
    await context.close();
    console.log('ok - typing during an update');
}

/* Nobody is told that all is well by a page that hears nothing any more. */
async function checkLost(browser) {
    const context = await contextOf(browser, views[0]);
    const page = await context.newPage();
    await page.goto(base + '/', { waitUntil: 'load' });
    await context.setOffline(true);
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await until(page, () => document.documentElement.classList.contains('disconnected') &&
        !document.getElementById('connection').hidden, 'lost connection');
    await context.setOffline(false);
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await until(page, () => document.getElementById('connection').hidden, 'found connection');
    await context.close();
    console.log('ok - a lost connection is told');
}

async function checkWithoutScript(browser) {
    const context = await contextOf(browser, views[0], { javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(base + '/', { waitUntil: 'load' });
    await page.click('header nav a[href="/resources"]');
    await page.selectOption('select[name=kind]', 'service');
    await page.click('.filter button');
    const rows = await page.locator('#list tbody tr').count();
    if (rows !== 2 || !page.url().includes('kind=service')) {
        complain('without script', `${rows} rows at ${page.url()}`);
    }
    await page.click('#list tbody tr:first-child a');
    if (await page.locator('h1').textContent() !== 'service shop') {
        complain('without script', await page.locator('h1').textContent());
    }
    await page.click('#suspend summary');
    await page.fill('#suspend input[name=why]', 'moving house');
    await page.click('#suspend button');
    if (!page.url().endsWith('?done=suspend') || await page.locator('.done').count() !== 1) {
        complain('without script', `suspended, and at ${page.url()}`);
    }
    await page.goto(base + '/', { waitUntil: 'load' });
    await page.click('form[action="/actions/check"] button');
    if (!page.url().endsWith('/?done=check')) {
        complain('without script', `checked, and at ${page.url()}`);
    }
    await page.click('a.language');
    if (await page.locator('html').getAttribute('dir') !== 'rtl') {
        complain('without script', 'the language does not change');
    }
    await context.close();
    console.log('ok - without JavaScript');
}

/* Hostile rows must not run, nor ask another server for anything. */
async function checkHostile(browser) {
    record('hostile');
    const context = await contextOf(browser, views[0]);
    for (const url of ['/', '/resources', '/runs', '/events', '/history']) {
        const page = await context.newPage();
        watch(page, `hostile ${url}`);
        page.on('dialog', (dialog) => {
            complain(`hostile ${url}`, `a script ran: ${dialog.message()}`);
            dialog.dismiss();
        });
        await page.goto(base + url, { waitUntil: 'load' });
        await page.click('main a[href^="/r/"], main a[href^="/runs/"]');
        await page.waitForLoadState('load');
        await page.close();
    }
    await context.close();
    console.log('ok - hostile rows');
}

async function main() {
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM,
        // Chromium's sandbox refuses to run as root.
        args: process.getuid() === 0 ? ['--no-sandbox'] : [],
    });
    try {
        await checkViews(browser);
        await checkWithoutScript(browser);
        await checkLive(browser);
        await checkTyping(browser);
        await checkLost(browser);
        await checkHostile(browser);
    } finally {
        await browser.close();
    }
    return wrong ? 1 : 0;
}

main().then((status) => { process.exitCode = status; }, (error) => {
    console.error(error.message);
    process.exitCode = 1;
});
