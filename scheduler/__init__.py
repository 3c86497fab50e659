"""Solidarity: campaign posts from YAML to the networks, each exactly once.

The main path, in the order in which a post walks it:

    posts/*.yaml ─ posts.load          what staff wrote, every problem with file:line:column
      └ plan.deliveries                which post goes where and when, with its composed text (compose)
         └ operations.queue            into the state, by key
            └ operations.deliver       claim, prepare, stage, sending, publish, receipt
               └ operations.recover    what a crash or a time-out left open is looked up, never re-sent blind

`app.build` puts the parts together; `daemon` runs them by the clock, `rehearsal` by a simulated one;
`cli` is the only place that prints.
"""
