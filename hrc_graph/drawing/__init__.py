"""Drawings: maps, bars and lines of time, made from typed values as SVG text. No scripts, no inline styles.

A drawing has no fixed width: places along it are percentages, marks and letters keep their size. So it reads the same
on a telephone and on paper. Colours are classes of `site.css`; whatever a colour says, a shape or a word says too.
"""
