"""What a healthy gateway answers, one function a kind of request, and the one table of all of them."""
