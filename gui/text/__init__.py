"""Text on the screen: what is untrusted stays plain."""
