"""What people read of `best-fleet conform`: a page, Markdown and JUnit, all made of conformance.json's document."""
