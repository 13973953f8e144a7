// The editor: CodeMirror in a shadow root, where its style sheets are adopted and none is written into the page.
import {
  acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, bracketMatching, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec, type Transaction } from "@codemirror/state";
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers, tooltips,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { SparqlLanguage } from "codemirror-lang-sparql";
import { complete, declarations } from "./completion";
import { say } from "./page";

export interface Editor {
  text(): string;
  fill(text: string): void;
  /** Underline what is wrong; line and column count from 1. */
  mark(message: string, line: number, column: number): void;
  unmark(): void;
  goTo(line: number, column: number): void;
  focus(): void;
}

const colours = HighlightStyle.define([
  { tag: tags.keyword, class: "word" },
  { tag: tags.variableName, class: "variable" },
  { tag: [tags.string, tags.annotation], class: "string" },
  { tag: [tags.integer, tags.float, tags.bool], class: "string" },
  { tag: [tags.namespace, tags.url, tags.typeName], class: "iri" },
  { tag: tags.comment, class: "comment" },
]);

// Colours are the page's own: custom properties reach into a shadow root.
const look = EditorView.theme({
  "&": { color: "var(--ink)", background: "var(--paper)", fontSize: ".92rem", border: "1px solid var(--quiet)", borderRadius: ".25rem" },
  "&.cm-focused": { outline: "3px solid var(--mark)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "ui-monospace, monospace", lineHeight: "1.55", minHeight: "15rem", maxHeight: "32rem" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { background: "color-mix(in srgb, var(--link) 28%, transparent)" },
  ".cm-gutters": { color: "var(--quiet)", background: "transparent", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { background: "color-mix(in srgb, var(--link) 7%, transparent)" },
  ".cm-matchingBracket": { background: "color-mix(in srgb, var(--link) 25%, transparent) !important" },
  ".cm-tooltip": { color: "var(--ink)", background: "var(--paper)", border: "1px solid var(--quiet)", borderRadius: ".25rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "system-ui, sans-serif", maxHeight: "18rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: ".2rem .5rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { color: "var(--paper)", background: "var(--link)" },
  ".cm-completionDetail": { fontStyle: "normal", opacity: ".85" },
  ".cm-completionInfo": { padding: ".25rem .75rem", maxWidth: "24rem" },
  ".cm-completionInfo p": { margin: ".25rem 0" },
  ".cm-diagnostic": { padding: ".4rem .75rem" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--mark) 2px", textUnderlineOffset: "4px" },
  ".word": { color: "var(--link)", fontWeight: "600" },
  ".variable": { color: "var(--ink)", fontStyle: "italic" },
  ".string": { color: "var(--mark)" },
  ".iri": { color: "var(--link)" },
  ".comment": { color: "var(--quiet)" },
});

/** An editor in `place` that begins with `text`. `run` answers Ctrl+Enter, `cancel` Escape (false: nothing ran). */
export function editor(
  place: HTMLElement, text: string, changed: () => void, run: () => void, cancel: () => boolean,
): Editor {
  const root = place.attachShadow({ mode: "open" });
  const inside = document.createElement("div");
  root.append(inside);
  const asking = (): boolean => { run(); return true; };
  const view: EditorView = new EditorView({
    root, parent: inside, doc: text,
    extensions: [
      Prec.highest(keymap.of([{ key: "Mod-Enter", run: asking }, { key: "Ctrl-Enter", run: asking }])),
      lineNumbers(), lintGutter(), history(), drawSelection(), bracketMatching(), closeBrackets(),
      highlightActiveLine(), highlightActiveLineGutter(), EditorView.lineWrapping, indentUnit.of("  "),
      SparqlLanguage, SparqlLanguage.data.of({ commentTokens: { line: "#" }, closeBrackets: { brackets: ["(", "[", "{", '"', "'"] } }),
      syntaxHighlighting(colours), look, tooltips({ position: "absolute" }),
      autocompletion({ override: [complete], icons: false, maxRenderedOptions: 60 }),
      // Tab is not among these: it goes on to the next part of the page.
      keymap.of([...closeBracketsKeymap, ...completionKeymap, { key: "Alt-Enter", run: acceptCompletion },
        { key: "Escape", run: cancel }, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
      EditorView.contentAttributes.of({
        "aria-label": say("Your question in SPARQL. Tab leaves the editor, Ctrl+Space completes, Ctrl+Enter runs."),
      }),
      EditorView.domEventHandlers({
        // Left to itself the browser styles, inline, what is typed over a selection; the page's policy forbids that.
        beforeinput(event, view) {
          const { from, to, empty } = view.state.selection.main;
          const text = event.data;
          if (event.inputType !== "insertText" || !text || event.isComposing || empty) return false;
          event.preventDefault();
          const typed = (): Transaction => view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
          if (!view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, text, typed))) view.dispatch(typed());
          return true;
        },
      }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) changed();
        const written = update.transactions.some((each) => each.isUserEvent("input.type") || each.isUserEvent("input.paste"));
        if (!update.docChanged || !written) return;
        const { from } = update.state.selection.main;
        const before = update.state.sliceDoc(Math.max(0, from - 1), from);
        const pasted = update.transactions.some((each) => each.isUserEvent("input.paste"));
        if (before !== ":" && !pasted) return;
        queueMicrotask(() => {
          const added = declarations(view.state.doc.toString());
          if (added) view.dispatch({ changes: added });
        });
      }),
      EditorState.allowMultipleSelections.of(true),
    ],
  });

  const offset = (line: number, column: number): number => {
    const found = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
    return Math.min(found.from + Math.max(column, 1) - 1, found.to);
  };
  return {
    text: () => view.state.doc.toString(),
    fill: (filled) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: filled }, selection: { anchor: 0 } }),
    mark: (message, line, column) => {
      let at = offset(line, column);
      // At the end of a line, or on an empty one, what stands just before is marked.
      if (!view.state.sliceDoc(at, view.state.doc.lineAt(at).to).trim()) at = Math.max(view.state.sliceDoc(0, at).trimEnd().length - 1, 0);
      const within = view.state.doc.lineAt(at);
      const rest = /^[\w:?$.-]+/.exec(within.text.slice(at - within.from))?.[0].length ?? 1;
      const to = Math.min(at + rest, within.to);
      view.dispatch(setDiagnostics(view.state, [{ from: at, to, severity: "error", message }]));
    },
    unmark: () => view.dispatch(setDiagnostics(view.state, [])),
    goTo: (line, column) => {
      view.dispatch({ selection: { anchor: offset(line, column) }, scrollIntoView: true });
      view.focus();
    },
    focus: () => view.focus(),
  };
}
