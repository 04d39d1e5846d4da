// SPDX-License-Identifier: BSD-2-Clause
//
// look.js - what is wrong with a report as the browser shows it now: faults
// joined by "; ", nothing where there is none.  Run in the page by "run".
(() => {
	const faults = [];
	const fault = (text) => faults.length < 9 &&
		faults.push(text.replace(/[^ -~]|["\\]/g, '.'));
	const all = (selector) => [...document.querySelectorAll(selector)];
	const short = (e) => (e.getAttribute('class') || e.tagName) + ' ' +
		e.textContent.trim().slice(0, 30);

	// -- everything is there --
	for (const part of ['h1 .class', 'dl dd', '.plot svg', 'svg .soft'])
		if (!document.querySelector(part))
			fault('there is no ' + part);
	const known = ['ok', 'FAIL', 'skipped', 'not run'];
	for (const row of all('tbody tr')) {
		if (!known.includes(row.cells[0].textContent))
			fault('a row is not told: ' + short(row));
		if (!row.cells[1].textContent)
			fault('a row has no name');
	}
	if (all('pre *, td b, td script, script').length)
		fault('text became an element');

	// -- nothing sticks out --
	const root = document.documentElement;
	if (root.scrollWidth > root.clientWidth)
		fault(`the page is ${root.scrollWidth} wide`);
	for (const e of all('body *:not(.plot *)')) {
		const box = e.getBoundingClientRect();

		if (box.right > root.clientWidth + 1 || box.left < -1)
			fault('sticks out: ' + short(e));
	}

	// -- labels of the picture cover neither each other nor its edges --
	const svg = document.querySelector('svg');
	const edge = svg ? svg.viewBox.baseVal : null;
	const boxes = all('svg text').map((e) => [e, e.getBBox()]);

	boxes.forEach(([e, a], i) => {
		if (a.x < 0 || a.y < 0 || a.x + a.width > edge.width ||
		    a.y + a.height > edge.height)
			fault('leaves the picture: ' + short(e));
		for (const [f, b] of boxes.slice(i + 1))
			if (a.x < b.x + b.width && b.x < a.x + a.width &&
			    a.y + 3 < b.y + b.height - 3 &&
			    b.y + 3 < a.y + a.height - 3)
				fault(`${short(e)} covers ${short(f)}`);
	});

	// -- contrast, as WCAG 2.1 1.4.3 counts it --
	const rgba = (text) => (text.match(/[\d.]+/g) || []).map(Number);
	const light = (color) => {
		const [r, g, b] = color.map((v) => v / 255).map((v) =>
			v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);

		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ground = (e) => {
		for (; e; e = e.parentElement) {
			const c = rgba(getComputedStyle(e).backgroundColor);

			if (c.length === 3 || c[3] > 0)
				return c.slice(0, 3);
		}
		return matchMedia('(prefers-color-scheme: dark)').matches ?
			[18, 18, 18] : [255, 255, 255];
	};
	const contrast = (e, front, back) => {
		const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
		const ratio = (a + 0.05) / (b + 0.05);

		if (ratio < 4.5)
			fault(`contrast ${ratio.toFixed(2)}: ${short(e)}`);
	};
	for (const e of all('body *')) {
		const own = [...e.childNodes].some((n) =>
			n.nodeType === Node.TEXT_NODE && n.data.trim());
		const style = getComputedStyle(e);

		if (!own || e.closest('title, desc, style'))
			continue;
		if (!e.closest('svg')) {
			contrast(e, rgba(style.color).slice(0, 3), ground(e));
			continue;
		}
		const on = e.parentElement.querySelector('rect');
		const front = rgba(style.fill).slice(0, 3);

		contrast(e, front, ground(svg));
		if (on && e.parentElement !== svg)
			contrast(e, front, rgba(getComputedStyle(on).fill));
	}
	return faults.join('; ');
})()
