"""AMI: sessions over both control networks, driven by panoramisk.

panoramisk opens the connection and holds the protocol; framing, proof, actions and deadlines are ours (`session`), put in its place
through the documented `protocol_factory`. `link` keeps one session per path alive, `node_links` makes one stream of two."""
