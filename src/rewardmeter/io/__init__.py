"""All disk and network: formats, named datasets, the score store, files of scores. May import `types`, `dataset`,
`errors`; never statistics or scorers."""
