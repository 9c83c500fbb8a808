/** The few pages of people who are not signed in: no script, and of the data what a signed link names. */

export const SIGN_IN_CSS = `:root{color-scheme:light dark;--ink:#1b1f24;--quiet:#59636e;--ground:#f6f7f9;--card:#fff;--line:#d5dae0;--accent:#0b5cad}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--quiet:#a3acb5;--ground:#14171a;--card:#1c2024;--line:#353b42;--accent:#7db7ff}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:16px;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{width:100%;max-width:34rem;padding:32px;background:var(--card);border:1px solid var(--line);border-radius:8px}
.brand{margin:0 0 24px;color:var(--quiet);font-weight:600}
h1{margin:0 0 12px;font-size:1.375rem;line-height:1.3}
p{margin:0 0 12px;overflow-wrap:anywhere}
.quiet{color:var(--quiet);font-size:.875rem}
a{color:var(--accent)}
.button{display:inline-block;padding:8px 16px;border-radius:6px;background:var(--accent);color:var(--card);text-decoration:none;font-weight:600}
button.button{border:0;font:inherit;font-weight:600;cursor:pointer}
:is(a,button):focus-visible{outline:3px solid var(--accent);outline-offset:2px}
@media print{main{border:0}}
`;

interface PlainPage {
  title: string;
  text: string;
  /** A small line below, such as an error's code. */
  note?: string;
  link?: { href: string; text: string };
  /** A button that posts to an address of ours. */
  form?: { action: string; text: string };
  second?: { href: string; text: string };
}

const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** A page that says one thing and where to go on. */
export function plainPage({ title, text, note, link, form, second }: PlainPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)} · Apportion</title>
<link rel="stylesheet" href="/sign-in.css">
</head>
<body>
<main>
<p class="brand">Apportion</p>
<h1>${escaped(title)}</h1>
<p>${escaped(text)}</p>
${link === undefined ? "" : `<p><a class="button" href="${escaped(link.href)}">${escaped(link.text)}</a></p>`}
${form === undefined ? "" : `<form method="post" action="${escaped(form.action)}"><button class="button">${escaped(form.text)}</button></form>`}
${second === undefined ? "" : `<p><a href="${escaped(second.href)}">${escaped(second.text)}</a></p>`}
${note === undefined ? "" : `<p class="quiet">${escaped(note)}</p>`}
</main>
</body>
</html>
`;
}
