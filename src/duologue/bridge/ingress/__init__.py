"""Ways in for calls. Each speaks one outside protocol and answers to one interface, `ingress.Ingress`."""
