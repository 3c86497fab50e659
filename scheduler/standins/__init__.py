"""Stand-ins for the networks: real HTTP servers on loopback that refuse what the networks would refuse.

`solidarity rehearse --strict` sends a campaign to them, and so do the tests. They judge by themselves: nothing in here
knows the publishers, and no publisher knows them. One file a network; `loopback` is what they share.
"""
